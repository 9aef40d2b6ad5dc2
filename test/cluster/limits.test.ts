// Counts that nodes share, in a real Redis: one server, and Redis Cluster.
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { pino } from "pino";
import { ClusterConfig, type RedisConfig } from "../../contract/contract.ts";
import { connectRedis, type RedisConnection } from "../../server/cluster/redis/connection.ts";
import { RedisCounts } from "../../server/cluster/shared/limits-redis.ts";
import { systemClock } from "../../xmpp/clock.ts";
import { ManualClock } from "../harness/manual-clock.ts";
import { needing } from "../harness/needing.ts";
import { startRedis, type TestRedis } from "../harness/redis.ts";
import { until } from "../harness/until.ts";

const MINUTE = 60_000;
const { describe: described } = needing("redis");

let redis: TestRedis;
let lines: string[];
const connections: RedisConnection[] = [];

const log = pino({}, { write: (line: string) => void lines.push(line) });

async function open(node: string, cluster = false, clock = systemClock): Promise<RedisCounts> {
  const config: RedisConfig = ClusterConfig.parse({ redis: { urls: [redis.url], cluster } }).redis;
  const connection = await connectRedis(config, log);
  connections.push(connection);
  return new RedisCounts(connection, { prefix: "test", node, clock, log });
}

beforeEach(() => {
  lines = [];
});

afterEach(async () => {
  for (const connection of connections.splice(0)) connection.disconnect();
  await redis.end();
});

described.each([
  ["one server", false],
  ["Redis Cluster", true],
])("%s", (_name, cluster) => {
  beforeEach(async () => {
    redis = await startRedis(cluster ? ["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"] : []);
    if (!cluster) return;
    const plain = new Redis(redis.url);
    await plain.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
    await until("Redis Cluster is whole", async () =>
      String(await plain.call("CLUSTER", "INFO")).includes("cluster_state:ok"),
    );
    plain.disconnect();
  });

  test("nodes count together, each key and kind apart; a count is looked at, marked, forgotten", async () => {
    const [a, b] = [await open("a", cluster), await open("b", cluster)];
    expect(await a.add("login-address", "192.0.2.1", MINUTE)).toBe(1);
    expect(await b.add("login-address", "192.0.2.1", MINUTE)).toBe(2);
    expect(await b.add("login-account", "192.0.2.1", MINUTE)).toBe(1);
    expect(await a.look("login-address", "192.0.2.1")).toBe(2);
    expect(await a.look("login-address", "192.0.2.2")).toBe(0);
    b.mark("login-trust", "romeo", MINUTE);
    b.forget("login-address", "192.0.2.1");
    expect(await b.look("login-trust", "romeo")).toBe(1);
    expect(await a.look("login-address", "192.0.2.1")).toBe(0);
  });

  test("many at once keep their order and their answers", async () => {
    const a = await open("a", cluster, new ManualClock(1));
    const looked = Array.from({ length: 1200 }, (_, i) => a.look("login-account", `nobody${i}`));
    const added = Array.from({ length: 150 }, (_, i) => a.add("login-account", `user${i % 50}`, MINUTE));
    expect(await Promise.all(looked)).toEqual(new Array(1200).fill(0));
    expect(await Promise.all(added)).toEqual(Array.from({ length: 150 }, (_, i) => 1 + Math.floor(i / 50)));
  });

  test("what each took is summed over the nodes", async () => {
    const [a, b] = [await open("a", cluster), await open("b", cluster)];
    const usages = (taken: number) => [1, 2, 3].map((i) => ({ key: `user${i}`, taken: taken * i }));
    expect(await a.usage(usages(10))).toEqual([10, 20, 30]);
    expect(await b.usage(usages(5))).toEqual([15, 30, 45]);
    expect(await a.usage(usages(1))).toEqual([6, 12, 18]);
  });
});

described("one server that", () => {
  let plain: Redis;

  beforeEach(async () => {
    redis = await startRedis();
    plain = new Redis(redis.url, { retryStrategy: () => null });
    plain.on("error", () => {});
  });

  afterEach(() => plain.disconnect());

  test("keeps no address and no JID, and nothing for longer than it counts", async () => {
    const a = await open("a");
    await a.add("login-account", "romeo@verona.test", MINUTE);
    await a.usage([{ key: "192.0.2.1", taken: 1 }]);
    const keys = await plain.keys("*");
    expect(keys).toHaveLength(2);
    for (const key of keys) {
      expect(key).toMatch(/^test:limit:\{test-0\}:(login-account|usage):[\w-]{22}$/);
      const ms = await plain.pttl(key);
      expect(ms).toBeGreaterThan(0);
      expect(ms).toBeLessThanOrEqual(MINUTE);
    }
  });

  test("is full of other things answers an attack with local limits only: additions of a node are bounded", async () => {
    const clock = new ManualClock(1_000_000);
    const a = await open("a", false, clock);
    const all = await Promise.all(Array.from({ length: 500 }, (_, i) => a.add("login-account", `user${i}`, MINUTE)));
    expect(all.filter((count) => count === 1)).toHaveLength(200);
    expect(all.slice(200)).toEqual(new Array(300).fill(undefined));
    expect(await plain.dbsize()).toBe(200);
    await clock.advance(1000);
    expect(await a.add("login-account", "another", MINUTE)).toBe(1);
  });

  test("is away or silent leaves everyone to his own counts, and is asked again", async () => {
    const clock = new ManualClock(1_000_000);
    const a = await open("a", false, clock);
    // Silent: it takes the connection and answers nothing.
    await plain.call("CLIENT", "PAUSE", "60000", "ALL");
    expect(await a.add("login-account", "romeo", MINUTE)).toBeUndefined();
    // Nobody waits for what is known to be silent.
    const pending = Symbol("pending");
    const turn = new Promise((resolve) => setImmediate(() => resolve(pending)));
    expect(await Promise.race([a.look("login-account", "romeo"), turn])).toBeUndefined();
    expect(lines.filter((line) => line.includes("limits are this node's own for now"))).toHaveLength(1);

    await redis.stop("SIGKILL");
    await clock.advance(1000);
    expect(await a.look("login-account", "romeo")).toBeUndefined();
    expect(await a.usage([{ key: "romeo", taken: 1 }])).toBeUndefined();
    await redis.start();
    let count: number | undefined;
    await until("Redis counts again", async () => {
      await clock.advance(1000);
      count = await a.add("login-account", "romeo", MINUTE);
      return count !== undefined;
    });
    expect(count).toBe(1);
    expect(lines.filter((line) => line.includes("limits are this node's own for now"))).toHaveLength(1);
    expect(lines.some((line) => line.includes("shared with the other nodes again"))).toBe(true);
  }, 60_000);
});
