// A node whose process is gone is buried at once; one whose connections alone broke, or are refused, is not.
import { afterAll, afterEach, beforeAll, expect } from "@jest/globals";
import { pino } from "pino";
import { type RunningNode, startNode } from "../../app/node.ts";
import { NodeConfig } from "../../contract/contract.ts";
import { check } from "../../contract/load.ts";
import type { Cluster } from "../../server/cluster/cluster.ts";
import type { Links } from "../../server/cluster/links/links.ts";
import { needing } from "../harness/needing.ts";
import { startRedis, type TestRedis } from "../harness/redis.ts";
import { until } from "../harness/until.ts";

const PATIENCE = 60_000;
/** Seconds: what is told before is told by something else. */
const LEASE = 30;
const { describe, test } = needing("redis");

let redis: TestRedis;
let prefixes = 0;
const nodes: RunningNode[] = [];

async function two(): Promise<[Cluster, Cluster]> {
  const prefix = `t${++prefixes}`;
  for (const node of ["n1", "n2"]) {
    const config = {
      node,
      hosts: [{ domain: "verona.test" }],
      listeners: [{ kind: "c2s", port: 0, tls: "none" }],
      storage: { kind: "memory" },
      cluster: { redis: { urls: [redis.url] }, prefix, leaseSeconds: LEASE, heartbeatSeconds: 0.2 },
      authentication: { plainWithoutTls: true, requireTls: false },
      federation: { enabled: false },
    };
    nodes.push(await startNode(check(NodeConfig, config, "test"), { log: pino({ level: "silent" }) }));
  }
  const clusters = nodes.slice(-2).map((node) => (node.server as unknown as { cluster: Cluster }).cluster);
  const [a, b] = clusters as [Cluster, Cluster];
  await until("a link both ways", () => linkOf(a, b) !== undefined && linkOf(b, a) !== undefined);
  return [a, b];
}

interface Inside {
  readonly known: Map<string, { link: { destroy(): void } | undefined }>;
  listener: { close(): void };
}

const insideOf = (cluster: Cluster) => (cluster as unknown as { links: Links }).links as unknown as Inside;
const linkOf = (from: Cluster, to: Cluster) => insideOf(from).known.get(to.bus.member)?.link;

/** Resolves with the ms until a member is told to be gone. */
function death(at: Cluster): Promise<number> {
  const began = performance.now();
  return new Promise((resolve) =>
    at.bus.onMember((_member, state) => {
      if (state === "died") resolve(performance.now() - began);
    }),
  );
}

/** What Redis says when it is asked who listens to a member: it is, where that one's machine refuses connections. */
function nextAnswer({ bus }: Cluster): Promise<number> {
  const ask = bus.listeners.bind(bus);
  return new Promise((resolve, reject) => {
    bus.listeners = (member) => {
      const answer = ask(member);
      answer.then(resolve, reject);
      return answer;
    };
  });
}

describe("a member", () => {
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterEach(async () => {
    for (const node of nodes.splice(0)) await node.stop();
  });
  afterAll(() => redis.end());

  test(
    "whose process is gone is buried long before its lease is over",
    async () => {
      const [a, b] = await two();
      const died = death(a);
      b.close();
      expect(await died).toBeLessThan((LEASE * 1000) / 2);
    },
    PATIENCE,
  );

  test(
    "whose connection breaks, and which refuses others, is a member as long as it is subscribed",
    async () => {
      const [a, b] = await two();
      const died: string[] = [];
      for (const one of [a, b]) one.bus.onMember((member, state) => void (state === "died" && died.push(member)));
      insideOf(b).listener.close();
      const listeners = nextAnswer(a);
      linkOf(a, b)?.destroy();
      expect(await listeners).toBe(1);
      expect(died).toEqual([]);
    },
    PATIENCE,
  );
});
