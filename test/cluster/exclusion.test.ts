// Exclusive work of two nodes over a real Redis: nothing is lost between them, and without Redis nothing is begun.
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { pino } from "pino";
import { ClusterConfig } from "../../contract/contract.ts";
import { Exclusion } from "../../server/cluster/ownership/exclusion.ts";
import { RedisLocks } from "../../server/cluster/ownership/locks.ts";
import { connectRedis, type RedisConnection } from "../../server/cluster/redis/connection.ts";
import { ExclusiveUnavailable } from "../../server/ports/exclusive.ts";
import { systemClock } from "../../xmpp/clock.ts";
import { needing } from "../harness/needing.ts";
import { startRedis, type TestRedis } from "../harness/redis.ts";

const { describe: described } = needing("redis");
const log = pino({ level: "silent" });

let redis: TestRedis;
const connections: RedisConnection[] = [];

async function node(): Promise<Exclusion> {
  const connection = await connectRedis(ClusterConfig.parse({ redis: { urls: [redis.url] } }).redis, log);
  connections.push(connection);
  return new Exclusion({ locks: new RedisLocks(connection, "test"), clock: systemClock });
}

beforeEach(async () => {
  redis = await startRedis();
});

afterEach(async () => {
  for (const connection of connections.splice(0)) connection.disconnect();
  await redis.end();
});

described("over Redis", () => {
  test("what two nodes read and write in turn is all there", async () => {
    const [a, b] = [await node(), await node()];
    const [store] = connections as [RedisConnection];
    const add = async () => {
      const read = Number(await store.get("count"));
      await store.set("count", read + 1);
    };
    await Promise.all(Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? a : b).run("k", add)));
    expect(await store.get("count")).toBe("40");
    expect(await store.exists("test:lock:{k}")).toBe(0);
  });

  test("a node with many that wait lets another one have its turn, and who waits no more is not waited for", async () => {
    const [a, b, c] = [await node(), await node(), await node()];
    const order: string[] = [];
    const work = (who: string) => async () => {
      order.push(who);
      await connections[0]!.ping();
    };
    const many = Array.from({ length: 150 }, () => a.run("k", work("a")));
    await many[0];
    await Promise.all([b.run("k", work("b")), c.run("k", work("c"))]);
    expect(order.length).toBeLessThan(150);
    await Promise.all(many);
    expect(order.filter((who) => who !== "a")).toHaveLength(2);
    // One that asked and is gone.
    await connections[0]!.set("test:lock:{k}", "another's", "PX", 100);
    const gone = new RedisLocks(connections[2]!, "test");
    expect(await gone.take("k")).toBeUndefined();
    expect(await b.run("k", async () => "had")).toBe("had");
    expect(await connections[0]!.keys("test:lock:*")).toEqual([]);
  });

  test("a lock that is another's by now is left alone, and whoever had it is told", async () => {
    const a = await node();
    const [plain] = connections as [RedisConnection];
    let told: Promise<unknown> | undefined;
    const work = a.run("k", async ({ signal }) => {
      await plain.set("test:lock:{k}", "another's");
      told = new Promise((resolve) => signal.addEventListener("abort", resolve));
      await told;
    });
    await expect(work).rejects.toMatchObject({ name: "ExclusiveUnavailable", undecided: true });
    await told;
    expect(await plain.get("test:lock:{k}")).toBe("another's");
  });

  test("without Redis nothing is begun", async () => {
    const a = await node();
    await redis.stop("SIGKILL");
    const work = async () => {
      throw new Error("it went on without");
    };
    await expect(a.run("k", work)).rejects.toThrow(ExclusiveUnavailable);
    expect(a.size).toBe(0);
  });
});
