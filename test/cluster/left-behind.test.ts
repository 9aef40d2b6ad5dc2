// What came for an account at a node that died reaches its client before what comes anew, wherever the client is by then.

import { join } from "node:path";
import { afterEach, beforeEach, expect } from "@jest/globals";
import { pino } from "pino";
import { type RunningNode, startNode } from "../../app/node.ts";
import { NodeConfig } from "../../contract/contract.ts";
import { check } from "../../contract/load.ts";
import type { Cluster } from "../../server/cluster/cluster.ts";
import type { Adoption } from "../../server/cluster/sessions/adoption.ts";
import type { Estates } from "../../server/ports/cluster.ts";
import { NS_SM } from "../../xmpp/xml/namespaces.ts";
import { RawTcp } from "../attacks/raw.ts";
import { removeFolder, temporaryFolder } from "../harness/children.ts";
import { needing } from "../harness/needing.ts";
import { startRedis, type TestRedis } from "../harness/redis.ts";
import { until } from "../harness/until.ts";

const PATIENCE = 60_000;
/** Seconds: deaths are told by what else tells them. */
const LEASE = 30;
const DOMAIN = "verona.test";
const { describe, test } = needing("redis");

let folder: string;
let redis: TestRedis;
const nodes: RunningNode[] = [];
const clients: RawTcp[] = [];

/** Nodes at one database. */
async function region(): Promise<[RunningNode, RunningNode, RunningNode]> {
  for (const node of ["n1", "n2", "n3"]) {
    const config = {
      node,
      hosts: [{ domain: DOMAIN }],
      listeners: [{ kind: "c2s", port: 0, tls: "none" }],
      storage: { kind: "sqlite", file: join(folder, "store.db") },
      cluster: { redis: { urls: [redis.url] }, leaseSeconds: LEASE, heartbeatSeconds: 0.2 },
      authentication: { plainWithoutTls: true, requireTls: false, scramIterations: 4096 },
      federation: { enabled: false },
    };
    nodes.push(await startNode(check(NodeConfig, config, "test"), { log: pino({ level: "silent" }) }));
  }
  const [one, two, three] = nodes as [RunningNode, RunningNode, RunningNode];
  for (const user of ["romeo", "juliet"]) await one.server.accounts.create(DOMAIN, user, "the right password");
  await until("links between all three", () => [one, two, three].every((from) => linksOf(from) === 2));
  return [one, two, three];
}

const clusterOf = (node: RunningNode) => (node.server as unknown as { cluster: Cluster }).cluster;

/** Connections of a node's to others. */
function linksOf(node: RunningNode): number {
  const { known } = clusterOf(node).links as unknown as { known: Map<string, { link: unknown }> };
  return [...known.values()].filter(({ link }) => link !== undefined).length;
}

async function client(at: RunningNode, user: string, resource = "r"): Promise<RawTcp> {
  const raw = await RawTcp.connect(at.listeners[0]?.port ?? 0);
  clients.push(raw);
  await raw.open(DOMAIN);
  await raw.login(user, DOMAIN, "the right password");
  await raw.bind(resource);
  return raw;
}

function message(body: string): string {
  return `<message to='juliet@${DOMAIN}' type='chat'><body>${body}</body></message>`;
}

/** What a crash leaves to the others: its connections are refused, and nobody listens for it at Redis. */
function kill(node: RunningNode): void {
  const cluster = clusterOf(node);
  cluster.close();
  // It will not wait for them when the test ends it.
  for (const other of cluster.bus.others) cluster.bus.died(other, false);
}

/** Nothing is taken over before `open` is called. */
function gate(...at: RunningNode[]): { open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const node of at) {
    const { adoption } = clusterOf(node) as unknown as { adoption: Adoption };
    const takeOver = adoption.of.bind(adoption);
    adoption.of = async (...given) => {
      await promise;
      return takeOver(...given);
    };
  }
  return { open: resolve };
}

/** Resolves once somebody at the node waits for what another one left. */
function waits({ server }: RunningNode): Promise<void> {
  const estates = server.ports.registry.estates as { -readonly [K in keyof Estates]: Estates[K] };
  const awaited = estates.awaited.bind(estates);
  const anew = estates.anew.bind(estates);
  return new Promise((resolve) => {
    estates.anew = (account, stanza, work) => {
      resolve();
      return anew(account, stanza, work);
    };
    estates.awaited = (account) => {
      const older = awaited(account);
      if (older !== undefined) resolve();
      return older;
    };
  });
}

beforeEach(async () => {
  folder = temporaryFolder("left");
  redis = await startRedis();
});

afterEach(async () => {
  for (const raw of clients.splice(0)) raw.destroy();
  await Promise.all(nodes.splice(0).map((each) => each.stop()));
  await redis.end();
  removeFolder(folder);
});

/** Juliet's client, and romeo's, whose message she has not acknowledged: it is stored beside her session. */
async function written(hers: RunningNode, his: RunningNode) {
  const before = await client(hers, "juliet");
  before.send(`<enable xmlns='${NS_SM}' resume='true'/>`);
  const id = / id='([^']*)'/.exec(await before.until(/<enabled[^>]*>/))?.[1] ?? "";
  before.send("<presence/>");
  await before.until(/<presence[^>]*>/);
  const romeo = await client(his, "romeo");
  romeo.send(`<enable xmlns='${NS_SM}'/>${message("1")}<r xmlns='${NS_SM}'/>`);
  await romeo.until(/<a [^>]*h='1'/);
  return { before, id, romeo };
}

describe("what came for an account at a node that died", () => {
  test.each(["r", "another"])(
    "comes before what is written to its new session (resource %s), which is bound before it was taken over",
    async (resource) => {
      const [one, two, three] = await region();
      const { before, romeo } = await written(one, two);
      const { open } = gate(two, three);
      const [senderWaits, receiverWaits] = [waits(two), waits(three)];
      kill(one);
      before.destroy();
      const after = await client(three, "juliet", resource);
      after.send("<presence/>");
      romeo.send(message("2"));
      await Promise.all([senderWaits, receiverWaits]);
      await until("the burial at the other two", () =>
        [two, three].every(({ server }) => server.ports.bus.others.length === 1),
      );
      romeo.send(message("3"));
      // He goes on with others meanwhile, and is told of nothing that is not safe.
      romeo.send("<iq type='get' id='on'><ping xmlns='urn:xmpp:ping'/></iq>");
      await romeo.until(/<iq [^>]*id='on'/);
      romeo.send(`<r xmlns='${NS_SM}'/>`);
      expect(await romeo.until(/<a [^>]*h='[^']*'/)).toMatch(/h='1'$/);
      open();
      const bodies = ["1", "2", "3"].map((body) => `<body>${body}</body>`);
      for (const body of bodies) expect((await after.until(/<body>.<\/body>/)).slice(-body.length)).toBe(body);
    },
    PATIENCE,
  );

  test(
    "is there long before its lease is over for a client that tries to resume at another one",
    async () => {
      const [one, two, three] = await region();
      const { before, id } = await written(one, two);
      const began = performance.now();
      kill(one);
      before.destroy();
      const after = await RawTcp.connect(three.listeners[0]?.port ?? 0);
      clients.push(after);
      await after.open(DOMAIN);
      await after.login("juliet", DOMAIN, "the right password");
      after.send(`<resume xmlns='${NS_SM}' previd='${id}' h='1'/>`);
      // What the node had in memory went with it.
      expect(await after.until("</failed>")).toContain("item-not-found");
      await after.bind("r");
      after.send("<presence/>");
      await after.until("<body>1</body>");
      expect(performance.now() - began).toBeLessThan((LEASE * 1000) / 5);
    },
    PATIENCE,
  );
});
