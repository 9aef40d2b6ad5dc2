// Components of other nodes: announced, reached, lost and found again.
import { beforeEach, expect, test } from "@jest/globals";
import { pino } from "pino";
import { type JoinedBus, JoinedBuses } from "../../../test/harness/joined-buses.ts";
import { ManualClock } from "../../../test/harness/manual-clock.ts";
import { Jid } from "../../../xmpp/jid/jid.ts";
import { Content } from "../../../xmpp/stanza/content.ts";
import { Safety } from "../../../xmpp/stanza/safety.ts";
import { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { reserveComponents } from "../../component/connection.ts";
import { Router } from "../../delivery/route.ts";
import { ClusterComponents } from "./components.ts";

const DOMAIN = "echo.test";

class Node {
  readonly bus: JoinedBus;
  readonly router = new Router(pino({ level: "silent" }));
  readonly components: ClusterComponents;
  /** What reached its component, and errors that came back to `client.test`. */
  readonly taken: (string | undefined)[] = [];
  readonly errors: (string | undefined)[] = [];

  constructor(name: string) {
    this.bus = cluster.join(name);
    this.components = new ClusterComponents(this.bus, this.router, clock);
    this.router.elsewhere = this.components;
    reserveComponents(this.router, [DOMAIN]);
    this.router.services.set("client.test", { accept: ({ id }) => void this.errors.push(id) });
  }

  connect(): void {
    this.router.services.set(DOMAIN, { accept: ({ id }) => void this.taken.push(id) });
    this.components.connected(DOMAIN);
  }

  /** Sends to the component; answers whether it is safe. */
  send(id: string): () => boolean {
    const [from, to] = [Jid.parse("client.test"), Jid.parse(`x@${DOMAIN}`)];
    const stanza = new Stanza("message", from, to, new Content(id, undefined, undefined, "", "/>", []));
    let safe = false;
    const safety = new Safety(() => {
      safe = true;
    });
    stanza.safety = safety;
    void this.router.route(stanza);
    safety.release("acknowledged");
    return () => safe;
  }
}

let clock: ManualClock;
let cluster: JoinedBuses;
let a: Node;
let b: Node;

beforeEach(() => {
  clock = new ManualClock(1_000_000);
  cluster = new JoinedBuses();
  a = new Node("a");
  b = new Node("b");
});

test("a component of one node is reached from all, and what it has is safe", async () => {
  a.connect();
  await cluster.settle();
  const safe = b.send("1");
  expect(safe()).toBe(false);
  await cluster.settle();
  expect(a.taken).toEqual(["1"]);
  expect(safe()).toBe(true);
  expect(b.errors).toEqual([]);
});

test("who joins later is told; who was not told hears it again", async () => {
  a.connect();
  const c = new Node("c");
  await cluster.settle();
  c.send("1");
  await cluster.settle();
  expect(a.taken).toEqual(["1"]);

  // A lost announcement: nobody tells `d` that `a` was there before it.
  const d = new Node("d");
  cluster.members.delete("d");
  await cluster.settle();
  cluster.members.set("d", d.bus);
  d.send("2");
  expect(d.errors).toEqual(["2"]);
  await clock.advance(10_000);
  await cluster.settle();
  d.send("3");
  await cluster.settle();
  expect(a.taken).toEqual(["1", "3"]);
});

test("one that is gone, with its node or without, is told to who writes to it; another of its kind takes over", async () => {
  a.connect();
  await cluster.settle();
  b.send("1");
  cluster.die("a");
  await cluster.settle();
  b.send("2");
  await cluster.settle();
  expect(b.errors).toEqual(["1", "2"]);

  const c = new Node("c");
  c.connect();
  const d = new Node("d");
  d.connect();
  await cluster.settle();
  b.send("3");
  cluster.die("c");
  await cluster.settle();
  expect(d.taken).toEqual(["3"]);
  d.components.gone(DOMAIN);
  await cluster.settle();
  b.send("4");
  expect(b.errors).toEqual(["1", "2", "4"]);
});

test("what two nodes believe of each other goes in no circle", async () => {
  a.connect();
  b.connect();
  await cluster.settle();
  reserveAgain(a);
  reserveAgain(b);
  a.send("1");
  await cluster.settle();
  expect(cluster.seen).toEqual(["a>b component"]);
  expect(b.errors).toEqual(["1"]);
});

/** The component is gone, and nobody heard of it yet. */
function reserveAgain(node: Node): void {
  node.router.services.delete(DOMAIN);
  reserveComponents(node.router, [DOMAIN]);
  const { announce } = node.bus;
  node.bus.announce = () => {};
  node.components.gone(DOMAIN);
  node.bus.announce = announce;
}
