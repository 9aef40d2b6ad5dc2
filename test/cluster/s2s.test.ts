// Two nodes of one domain over a real Redis, and a server outside: order, deaths, drains, answers and components.
import { createHash } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { NodeConfig } from "../../contract/contract.ts";
import { check } from "../../contract/load.ts";
import { REDIS } from "../../server/service/keys.ts";
import { Jid } from "../../xmpp/jid/jid.ts";
import { Content } from "../../xmpp/stanza/content.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import { header, RawTcp } from "../attacks/raw.ts";
import { Ground, message, TestNode } from "../federation/nodes.ts";
import { needing } from "../harness/needing.ts";
import { startRedis, type TestRedis } from "../harness/redis.ts";

const PATIENCE = 60_000;
const { describe: described } = needing("redis");

const COMPONENT = "pets.a.test";
const SECRET = "a secret of the component";

let redis: TestRedis;
let ground: Ground;
let outside: TestNode;
let nodes: TestNode[];

/** A node of `a.test`. */
async function node(name: string, federation: object = {}): Promise<TestNode> {
  const config = {
    node: name,
    hosts: [{ domain: "a.test", certificate: await ground.certify("a.test", name) }],
    components: [{ domain: COMPONENT, secret: SECRET }],
    listeners: [
      { kind: "s2s", port: 0 },
      { kind: "component", port: 0 },
    ],
    storage: { kind: "memory" },
    cluster: { redis: { urls: [redis.url] }, heartbeatSeconds: 0.2, leaseSeconds: 2 },
    drainSeconds: 10,
    federation: {
      dnsServers: [ground.zone.server],
      privateNetworks: ["127.0.0.0/8"],
      trustedAuthorities: [ground.authority.caFile],
      publicAuthorities: false,
      dialbackSecret: "a secret of a.test for tests",
      ...federation,
    },
  };
  const started = await TestNode.start("a.test", check(NodeConfig, config, "test"));
  nodes.push(started);
  return started;
}

/** Two nodes that know each other; the world outside finds the last of them. */
async function pairOfNodes(federation: object = {}): Promise<[TestNode, TestNode]> {
  const one = await node("n1", federation);
  const two = await node("n2", federation);
  for (const domain of ["a.test", one.service]) ground.announce(domain, two.port);
  await one.until(() => one.running.server.ports.bus.others.length === 1, "the other node");
  await two.until(() => two.running.server.ports.bus.others.length === 1, "the other node");
  return [one, two];
}

/** The node whose stanzas to `outside` leave by itself, and the other. */
function pinned(): [owner: TestNode, other: TestNode] {
  const up = nodes.filter(({ federation }) => federation.outgoingStatus().some(({ to }) => to === outside.service));
  expect(up).toHaveLength(1);
  const other = nodes.find((each) => each !== up[0]);
  if (up[0] === undefined || other === undefined) throw new Error("no node has it");
  return [up[0], other];
}

/** What a crash looks like to the others: no word, and nothing written any more. */
async function crash(victim: TestNode): Promise<void> {
  const { cluster } = victim.running.server as unknown as { cluster: { close(): void } };
  cluster.close();
  victim.running.server.services.use(REDIS).disconnect();
  await victim.federation.drain(0);
}

beforeEach(async () => {
  nodes = [];
  redis = await startRedis();
  ground = await Ground.lay();
  outside = await ground.node("b.test");
});

afterEach(async () => {
  await Promise.all(nodes.map((each) => each.stop()));
  await ground.clear();
  await redis.end();
});

described("two nodes", () => {
  test(
    "speak to a domain over one stream, each in its order",
    async () => {
      const [one, two] = await pairOfNodes();
      const total = 200;
      for (let i = 0; i < total; i++) {
        one.send(`y@${outside.service}`, `one ${i}`);
        two.send(`y@${outside.service}`, `two ${i}`);
        if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await outside.until(() => outside.received.length >= 2 * total, "everything");
      for (const name of ["one", "two"])
        expect(outside.bodies().filter((body) => body.startsWith(name))).toEqual(
          Array.from({ length: total }, (_, i) => `${name} ${i}`),
        );
      expect(outside.federation.incomingStatus()).toHaveLength(1);
      pinned();
    },
    PATIENCE,
  );

  test(
    "of which one dies: what it had on its way arrives by the other, in order",
    async () => {
      const relay = await ground.relay(outside.service, () => outside.port);
      const [one] = await pairOfNodes({ connectSeconds: 5 });
      one.send(`y@${outside.service}`, "first");
      await outside.until(() => outside.received.length === 1, "the first message");
      const [owner, other] = pinned();
      // What is not acknowledged by then would come twice.
      await owner.until(() => owner.acknowledged, "the acknowledgement");
      relay.holding = true;
      for (let i = 0; i < 50; i++) other.send(`y@${outside.service}`, `m${i}`);
      const question = message(`x@${other.service}`, `y@${outside.service}`, "question", "");
      other.route(
        new Stanza("iq", question.from, question.to, new Content("question", "get", undefined, "", "/>", [])),
      );
      await owner.until(
        () => owner.federation.outgoingStatus().some(({ unacknowledged }) => unacknowledged >= 51),
        "the messages of the other node",
      );
      await crash(owner);
      relay.cut();
      relay.holding = false;
      await outside.until(() => outside.received.length >= 51, "the messages");
      expect(outside.bodies()).toEqual(["first", ...Array.from({ length: 50 }, (_, i) => `m${i}`)]);
      // Nobody knows whether it arrived, and twice might do harm.
      await other.until(() => other.received.length > 0, "the error");
      expect(other.bodies()).toEqual(["error question"]);
    },
    PATIENCE,
  );

  test(
    "of which one drains: nothing is lost or returned, and the other goes on in order",
    async () => {
      const [one] = await pairOfNodes();
      one.send(`y@${outside.service}`, "first");
      await outside.until(() => outside.received.length === 1, "the first message");
      const [owner, other] = pinned();
      for (let i = 0; i < 100; i++) other.send(`y@${outside.service}`, `m${i}`);
      const drained = owner.running.drain();
      for (let i = 100; i < 300; i++) {
        other.send(`y@${outside.service}`, `m${i}`);
        if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await drained;
      other.send(`y@${outside.service}`, "last");
      await outside.until(() => outside.received.length >= 302, "everything");
      expect(outside.bodies()).toEqual(["first", ...Array.from({ length: 300 }, (_, i) => `m${i}`), "last"]);
      expect(other.received).toEqual([]);
      expect(owner.received).toEqual([]);
    },
    PATIENCE,
  );

  test(
    "both get the answers to what they asked, at whichever they arrive",
    async () => {
      const [one, two] = await pairOfNodes({ bidirectional: false });
      const host = Jid.parse("a.test");
      const to = Jid.parse("b.test");
      const tail = "><ping xmlns='urn:xmpp:ping'/></iq>";
      const children = [{ name: "ping", xmlns: "urn:xmpp:ping" }];
      for (const asking of [one, two]) {
        const answer = new Promise<Stanza | undefined>((resolve) => {
          const request = new Stanza("iq", host, to, new Content("x", "get", undefined, "", tail, children));
          asking.running.server.router.hosts.get("a.test")?.request(request, resolve);
        });
        expect(await answer).toMatchObject({ type: "result" });
      }
      // All of them came to the one that the world outside knows.
      expect(one.federation.incomingStatus()).toEqual([]);
      expect(two.federation.incomingStatus()).not.toEqual([]);
    },
    PATIENCE,
  );

  test(
    "have their components together",
    async () => {
      const [one, two] = await pairOfNodes();
      const raw = await RawTcp.connect(one.running.listeners.find(({ kind }) => kind === "component")?.port ?? 0);
      raw.send(header(COMPONENT, "jabber:component:accept"));
      const id = /id='([^']+)'/.exec(await raw.until(/<stream:stream[^>]*>/))?.[1] ?? "";
      const digest = createHash("sha1")
        .update(id + SECRET)
        .digest("hex");
      raw.send(`<handshake>${digest}</handshake>`);
      await raw.until("<handshake/>");
      // Until the announcement has arrived, senders are told to try again.
      let tries = 0;
      const asked = setInterval(() => two.send(`rex@${COMPONENT}`, `fetch ${tries++}`), 50);
      try {
        const heard = await raw.until(/<body>fetch \d+<\/body>/);
        expect(heard).toContain(`from='x@${two.service}'`);
      } finally {
        clearInterval(asked);
        raw.destroy();
      }
    },
    PATIENCE,
  );
});
