// The wire over a real Redis whose connections end at the worst moment: who listens goes on to hear.
import type { Socket } from "node:net";
import { afterAll, afterEach, beforeAll, expect } from "@jest/globals";
import type { Redis } from "ioredis";
import { pino } from "pino";
import { ClusterConfig } from "../../contract/contract.ts";
import { RedisWire } from "../../server/cluster/bus/wire.ts";
import { connectRedis } from "../../server/cluster/redis/connection.ts";
import { needing } from "../harness/needing.ts";
import { startRedis, type TestRedis } from "../harness/redis.ts";

/** What a network that fails ends, without a word to the other side. */
const streamOf = (connection: Redis) => (connection as unknown as { readonly stream: Socket }).stream;

const log = pino({ level: "silent" });
const ends: (() => void)[] = [];
let redis: TestRedis;

const { describe, test } = needing("redis");

describe("a subscribed connection", () => {
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });
  afterAll(() => redis.end());

  async function connection(): Promise<Redis> {
    const made = await connectRedis(ClusterConfig.parse({ redis: { urls: [redis.url] } }).redis, log);
    ends.push(() => made.disconnect());
    return made as Redis;
  }

  test.each([0, 1, 2])(
    "that ends %d times more before it has subscribed again hears what comes then",
    async (times) => {
      const [commands, subscriber] = [await connection(), await connection()];
      let left = times;
      // Before anything that is asked of the new connection is answered.
      subscriber.on("ready", () => left-- > 0 && streamOf(subscriber).destroy());
      const wire = new RedisWire(commands, subscriber, log);
      let [hear, resume] = [(_text: string) => {}, () => {}];
      const heard = new Promise<string>((resolve) => (hear = resolve));
      const resumed = new Promise<void>((resolve) => (resume = () => left < 0 && resolve()));
      wire.open(
        (text) => hear(text),
        () => resume(),
      );
      await wire.join("verona");
      subscriber.disconnect(true);
      await resumed;
      wire.publish("verona", "hark");
      expect(await heard).toBe("hark");
    },
    15_000,
  );
});
