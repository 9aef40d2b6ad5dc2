// Counts of sessions whose node died: told only where they are proven to be the last that it acknowledged.

import { expect, test } from "@jest/globals";
import { ManualClock, turns } from "../../../test/harness/manual-clock.ts";
import { DOCUMENTS } from "../../documents/store.ts";
import { memoryStores } from "../../storage/memory/stores.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { CountDoubts } from "./count-doubts.ts";
import { HandledCounts, READ_COUNT, WRITE_COUNTS } from "./handled-counts.ts";

/** A Redis that takes writes, refuses them, or does not answer them. */
class OddRedis {
  state: "takes" | "refuses" | "hangs" = "takes";
  history = "first";
  readonly hashes = new Map<string, string>();
  private readonly late: (() => void)[] = [];

  goOn(): void {
    this.state = "takes";
    for (const write of this.late.splice(0)) write();
  }

  /** The two scripts. */
  async eval(script: string, _keys: number, _key: string, ...args: string[]): Promise<unknown> {
    if (script === READ_COUNT)
      return [this.hashes.get(args[0]!) ?? null, this.hashes.get(`${args[0]} in`), this.history];
    expect(script).toBe(WRITE_COUNTS);
    return this.write(() => {
      for (let i = 0; i < args.length; i += 2) {
        this.hashes.set(args[i]!, args[i + 1]!);
        this.hashes.set(`${args[i]} in`, this.history);
      }
    });
  }

  hdel(_key: string, ...ids: string[]): Promise<void> {
    return this.write(() => {
      for (const id of ids) this.hashes.delete(id);
    });
  }

  expire(): Promise<void> {
    return this.write(() => {});
  }

  private write(work: () => void): Promise<void> {
    if (this.state === "refuses") return Promise.reject(new Error("READONLY"));
    if (this.state === "takes") return Promise.resolve(work());
    return new Promise((resolve) => this.late.push(() => resolve(work())));
  }
}

/** Nodes of one cluster. */
function setUp() {
  const clock = new ManualClock(1_000_000);
  const redis = new OddRedis();
  const documents = memoryStores([DOCUMENTS]).of(DOCUMENTS);
  const node = (name: string, store = documents) =>
    new HandledCounts({
      redis: redis as unknown as RedisConnection,
      prefix: "p",
      member: () => name,
      doubts: new CountDoubts(store, clock),
      clock,
    });
  return { clock, redis, documents, node };
}

/** True once it may be told. */
function watch(told: Promise<void>): { told: boolean } {
  const seen = { told: false };
  void told.then(() => {
    seen.told = true;
  });
  return seen;
}

for (const state of ["refuses", "hangs"] as const)
  test(`no count is told of a node that acknowledged more while Redis ${state}, by one that came since either`, async () => {
    const { clock, redis, node } = setUp();
    const dead = node("b~1");
    void dead.note("s.b~1", 3);
    await dead.flush();
    expect(await node("a~1").of("s.b~1")).toBe(3);
    redis.state = state;
    const four = watch(dead.note("s.b~1", 4));
    void dead.flush().catch(() => {});
    await clock.advance(500);
    await turns(5);
    // The client is told of four now, and the node dies.
    expect(four.told).toBe(true);
    redis.state = "takes";
    const fresh = node("c~1");
    await fresh.gone("b~1");
    expect(await fresh.of("s.b~1")).toBeUndefined();
  });

test("once everything is written counts are told again", async () => {
  const { clock, redis, node } = setUp();
  const [one, other] = [node("b~1"), node("a~1")];
  redis.state = "refuses";
  void one.note("s.b~1", 4);
  void one.note("moved.z~1", 2);
  await one.flush().catch(() => {});
  await turns(5);
  expect(await other.of("s.b~1")).toBeUndefined();
  redis.state = "takes";
  await one.flush();
  await turns(5);
  expect(await other.of("s.b~1")).toBe(4);
  expect(await other.of("moved.z~1")).toBe(2);
  redis.state = "hangs";
  void one.note("s.b~1", 5);
  const flushed = one.flush();
  await clock.advance(500);
  await turns(5);
  expect(await other.of("s.b~1")).toBeUndefined();
  redis.goOn();
  await flushed;
  await turns(5);
  expect(await other.of("s.b~1")).toBe(5);
});

test("where neither Redis nor the store takes it nothing is acknowledged, until one of them does", async () => {
  const { clock, redis, documents, node } = setUp();
  let away = true;
  const store = Object.assign(Object.create(documents), {
    put: async (...row: Parameters<typeof documents.put>) => {
      if (away) throw new Error("away");
      await documents.put(...row);
    },
  }) as typeof documents;
  const one = node("b~1", store);
  redis.state = "refuses";
  const four = watch(one.note("s.b~1", 4));
  await one.flush().catch(() => {});
  await clock.advance(5_000);
  await turns(5);
  expect(four.told).toBe(false);
  away = false;
  await clock.advance(1_000);
  await turns(5);
  expect(four.told).toBe(true);
  expect(await node("a~1").of("s.b~1")).toBeUndefined();
});

test("a Redis that may have lost the last writes, promoted or started again, tells what was written since alone", async () => {
  const { redis, node } = setUp();
  const [one, other] = [node("b~1"), node("a~1")];
  void one.note("s.b~1", 4);
  void one.note("t.b~1", 1);
  await one.flush();
  redis.history = "second";
  expect(await other.of("s.b~1")).toBeUndefined();
  void one.note("s.b~1", 5);
  await one.flush();
  expect(await other.of("s.b~1")).toBe(5);
  expect(await other.of("t.b~1")).toBeUndefined();
  void one.note("s.b~1", undefined);
  await one.flush();
  expect([...redis.hashes.keys()]).toEqual(["t.b~1", "t.b~1 in"]);
});

test("a Redis that tells no history proves no count", async () => {
  const { redis, node } = setUp();
  redis.history = "";
  const one = node("b~1");
  void one.note("s.b~1", 4);
  await one.flush();
  expect(await node("a~1").of("s.b~1")).toBeUndefined();
});

test("counts and ends of ever so many sessions are written, by commands of bounded length", async () => {
  const { redis, node } = setUp();
  const one = node("b~1");
  let most = 0;
  for (const command of ["eval", "hdel"] as const) {
    const plain = redis[command].bind(redis) as (...args: never[]) => Promise<never>;
    redis[command] = (...args: never[]) => {
      most = Math.max(most, args.length);
      return plain(...args);
    };
  }
  const ids = Array.from({ length: 70_000 }, (_, n) => `s${n}.b~1`);
  for (const id of ids) void one.note(id, 1);
  await one.flush();
  expect(redis.hashes.size).toBe(140_000);
  for (const id of ids) void one.note(id, undefined);
  await one.flush();
  expect(redis.hashes.size).toBe(0);
  expect(most).toBeLessThan(2_100);
});
