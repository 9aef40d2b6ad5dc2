// One node for each domain pair: order, settlement, deaths, those that come and those that leave.
import { beforeEach, describe, expect, test } from "@jest/globals";
import { type JoinedBus, JoinedBuses } from "../../../test/harness/joined-buses.ts";
import { Jid } from "../../../xmpp/jid/jid.ts";
import { Content } from "../../../xmpp/stanza/content.ts";
import { Safety } from "../../../xmpp/stanza/safety.ts";
import { Stanza, type StanzaKind } from "../../../xmpp/stanza/stanza.ts";
import type { InboundStanzas, RemoteRouter, ReturnCondition } from "../../ports/delivery.ts";
import { PinnedRouter } from "./pinned-router.ts";

const LOCAL = "verona.test";

/** A node's own way to other domains, whose peers acknowledge when they are told to. */
class Way implements RemoteRouter {
  readonly routed: Stanza[] = [];
  /** Acknowledges at once. */
  eager = false;

  route(stanza: Stanza): void {
    this.routed.push(stanza);
    stanza.safety?.hold();
    if (this.eager) stanza.safety?.release("acknowledged");
  }

  get ids(): (string | undefined)[] {
    return this.routed.map(({ id }) => id);
  }

  acknowledge(count = this.routed.length): void {
    for (const { safety } of this.routed.splice(0, count)) safety?.release("acknowledged");
  }
}

class Node implements InboundStanzas {
  readonly bus: JoinedBus;
  readonly way = new Way();
  readonly router: PinnedRouter;
  readonly returns: [string | undefined, ReturnCondition][] = [];

  constructor(cluster: JoinedBuses, name: string) {
    this.bus = cluster.join(name);
    this.router = new PinnedRouter(this.bus, this.way, this);
  }

  serves(): boolean {
    return true;
  }

  deliver(): void {}

  returned({ id }: Stanza, condition: ReturnCondition): void {
    this.returns.push([id, condition]);
  }

  /** Routes a stanza of a client; answers whether it is safe. */
  send(id: string, to = "capulet.test", kind: StanzaKind = "message", type?: string): () => boolean {
    const from = Jid.parse(`romeo@${LOCAL}/orchard`);
    const stanza = new Stanza(kind, from, Jid.parse(`juliet@${to}`), new Content(id, type, undefined, "", "/>", []));
    let safe = false;
    stanza.safety = new Safety(() => {
      safe = true;
    });
    const { safety } = stanza;
    this.router.route(stanza);
    safety.release("acknowledged");
    return () => safe;
  }
}

let cluster: JoinedBuses;
let nodes: Node[];

beforeEach(() => {
  cluster = new JoinedBuses();
  nodes = ["a", "b", "c"].map((name) => new Node(cluster, name));
});

/** The node that has stanzas of a pair: the one that a probe arrives at. */
async function pinned(to = "capulet.test"): Promise<Node> {
  nodes[0]?.send("probe", to);
  await cluster.settle();
  const found = nodes.find(({ way }) => way.routed.some(({ id }) => id === "probe"));
  if (found === undefined) throw new Error("no node has it");
  found.way.acknowledge();
  await cluster.settle();
  return found;
}

test("a pair leaves by one node, wherever its stanzas come from; pairs are spread", async () => {
  const targets = Array.from({ length: 60 }, (_, i) => `d${i}.test`);
  for (const node of nodes) for (const to of targets) node.send(to, to);
  await cluster.settle();
  for (const to of targets) expect(nodes.filter(({ way }) => way.ids.includes(to))).toHaveLength(1);
  for (const { way } of nodes) expect(way.routed.length).toBeGreaterThan(3 * 8);
  expect(nodes.reduce((sum, { way }) => sum + way.routed.length, 0)).toBe(180);
});

test("order holds, and a stanza is safe once its peer has it, whichever node it left by", async () => {
  const owner = await pinned();
  for (const node of nodes) {
    const safe = Array.from({ length: 5 }, (_, i) => node.send(`m${i}`));
    await cluster.settle();
    expect(owner.way.ids).toEqual(["m0", "m1", "m2", "m3", "m4"]);
    expect(safe.map((each) => each())).toEqual([false, false, false, false, false]);
    owner.way.acknowledge(3);
    await cluster.settle();
    expect(safe.map((each) => each())).toEqual([true, true, true, false, false]);
    owner.way.acknowledge();
    await cluster.settle();
    expect(safe.every((each) => each())).toBe(true);
    expect(node.router.waiting).toBe(0);
  }
});

describe("a node dies with stanzas under way", () => {
  test("what was not acknowledged goes by the next one, in order and before what comes later", async () => {
    const owner = await pinned();
    const [sender, third] = nodes.filter((node) => node !== owner) as [Node, Node];
    const safe = ["m0", "m1", "m2", "m3"].map((id) => sender.send(id));
    await cluster.settle();
    owner.way.acknowledge(1);
    await cluster.settle();
    cluster.die(owner.bus.member);
    sender.send("m4");
    await cluster.settle();
    const next = [sender, third].find(({ way }) => way.routed.length > 0);
    expect(next?.way.ids).toEqual(["m1", "m2", "m3", "m4"]);
    expect(safe.map((each) => each())).toEqual([true, false, false, false]);
    next?.way.acknowledge();
    await cluster.settle();
    expect(safe.every((each) => each())).toBe(true);
    expect(sender.returns).toEqual([]);
  });

  test("requests go back to their senders; answers and presence go on", async () => {
    const owner = await pinned();
    const sender = nodes.find((node) => node !== owner) as Node;
    sender.send("get", "capulet.test", "iq", "get");
    sender.send("set", "capulet.test", "iq", "set");
    sender.send("result", "capulet.test", "iq", "result");
    sender.send("here", "capulet.test", "presence");
    await cluster.settle();
    cluster.die(owner.bus.member);
    await cluster.settle();
    expect(sender.returns).toEqual([
      ["get", "remote-server-timeout"],
      ["set", "remote-server-timeout"],
    ]);
    expect(nodes.filter((node) => node !== owner).flatMap(({ way }) => way.ids)).toEqual(["result", "here"]);
  });

  test("that never left for it are not lost either", async () => {
    const owner = await pinned();
    const sender = nodes.find((node) => node !== owner) as Node;
    sender.send("m0");
    cluster.die(owner.bus.member);
    await cluster.settle();
    expect(nodes.filter((node) => node !== owner).flatMap(({ way }) => way.ids)).toEqual(["m0"]);
  });
});

test("a node that comes gets its share only after what was under way has arrived", async () => {
  // Pairs whose owner changes when "d" comes.
  const targets = Array.from({ length: 40 }, (_, i) => `d${i}.test`);
  for (const to of targets) nodes[0]?.send(`${to} 1`, to);
  await cluster.settle();
  const d = new Node(cluster, "d");
  for (const to of targets) nodes[0]?.send(`${to} 2`, to);
  await cluster.settle();
  expect(d.way.routed).toEqual([]);
  const second = nodes.flatMap(({ way }) => way.ids).filter((id) => id?.endsWith(" 2"));
  const moved = targets.filter((to) => !second.includes(`${to} 2`));
  expect(moved.length).toBeGreaterThan(2);
  expect(moved.length).toBeLessThan(25);
  for (const { way } of nodes) way.acknowledge();
  await cluster.settle();
  expect(d.way.ids.toSorted()).toEqual(moved.map((to) => `${to} 2`).toSorted());
});

describe("a node that leaves", () => {
  test("hands its pairs over once what it has under way has arrived", async () => {
    const owner = await pinned();
    const sender = nodes.find((node) => node !== owner) as Node;
    sender.send("m0");
    owner.send("n0");
    await cluster.settle();
    owner.router.leave();
    await cluster.settle();
    sender.send("m1");
    owner.send("n1");
    await cluster.settle();
    expect(owner.way.ids.toSorted()).toEqual(["m0", "n0"]);
    owner.way.acknowledge();
    await cluster.settle();
    const next = nodes.find(({ way }) => way.routed.length > 0);
    expect(next).not.toBe(owner);
    expect(next?.way.ids.toSorted()).toEqual(["m1", "n1"]);
    expect(owner.way.routed).toEqual([]);
  });

  test("takes nothing any more once it is closed: it waits for who comes after", async () => {
    const owner = await pinned();
    const sender = nodes.find((node) => node !== owner) as Node;
    owner.router.close();
    sender.send("m0");
    await cluster.settle();
    expect(owner.way.routed).toEqual([]);
    cluster.die(owner.bus.member);
    await cluster.settle();
    expect(nodes.flatMap(({ way }) => way.ids)).toEqual(["m0"]);
  });

  test("last of all keeps its pairs", async () => {
    for (const { router } of nodes) router.leave();
    await cluster.settle();
    nodes[0]?.send("m0");
    await cluster.settle();
    expect(nodes[0]?.way.ids).toEqual(["m0"]);
  });
});

test("what waits is bounded, and goes on however much settles at once", async () => {
  const owner = await pinned();
  owner.send("m");
  owner.router.leave();
  for (let i = 0; i < 1100; i++) owner.send(`m${i}`);
  expect(owner.returns).toHaveLength(100);
  expect(owner.returns[0]).toEqual(["m1000", "resource-constraint"]);
  for (const { way } of nodes) way.eager = true;
  owner.way.acknowledge();
  await cluster.settle();
  const next = nodes.find((node) => node !== owner && node.way.routed.length > 0);
  expect(next?.way.ids).toEqual(Array.from({ length: 1000 }, (_, i) => `m${i}`));
  expect(owner.router.waiting).toBe(0);

  // The same with nowhere else to go.
  const alone = new Node(new JoinedBuses(), "alone");
  alone.send("m");
  alone.way.eager = true;
  for (let i = 0; i < 1000; i++) alone.send(`m${i}`);
  expect(alone.way.ids).toHaveLength(1001);
});

test("a node that is behind has its senders told", async () => {
  const owner = await pinned();
  const sender = nodes.find((node) => node !== owner) as Node;
  sender.bus.full = true;
  const safe = sender.send("m0");
  expect(sender.returns).toEqual([["m0", "resource-constraint"]]);
  expect(safe()).toBe(true);
  expect(sender.router.waiting).toBe(0);
});

test("a node that was taken for dead goes on under its new name", async () => {
  const cluster = new JoinedBuses();
  const node = new Node(cluster, "old");
  node.send("m0");
  cluster.rename(node.bus, "new");
  node.send("m1");
  node.way.acknowledge();
  await cluster.settle();
  expect(node.way.ids).toEqual(["m1"]);
  expect(node.returns).toEqual([]);
  node.way.acknowledge();
  expect(node.router.waiting).toBe(0);
});

test("a domain named as a property of Object is a domain like others", async () => {
  expect(await pinned("constructor")).toBeDefined();
});
