// Counts of sessions whose node died: told only where they can be right.
import { expect, test } from "@jest/globals";
import { ManualClock } from "../../test/harness/manual-clock.ts";
import { HandledCounts } from "./handled-counts.ts";
import type { RedisConnection } from "./redis.ts";

/** A Redis that takes writes or refuses them. */
function redisOf(hashes: Map<string, string>, state: { refuses: boolean }): RedisConnection {
  const fake = {
    hset: async (_key: string, ...pairs: string[]) => {
      if (state.refuses) throw new Error("READONLY You can't write against a read only replica.");
      for (let i = 0; i < pairs.length; i += 2) hashes.set(pairs[i] as string, pairs[i + 1] as string);
    },
    hget: async (_key: string, id: string) => hashes.get(id) ?? null,
    expire: async () => 1,
    del: async () => hashes.delete("s.b~1"),
  };
  return fake as unknown as RedisConnection;
}

test("no count is told while a node that died may have acknowledged more than was written", async () => {
  const clock = new ManualClock(1_000_000);
  const hashes = new Map<string, string>();
  const state = { refuses: false };
  const redis = redisOf(hashes, state);
  const own = new HandledCounts(redis, "p", () => "a~1", clock);
  const other = new HandledCounts(redis, "p", () => "b~1", clock);
  void other.note("s.b~1", 3);
  await other.flush();
  expect(await own.of("s.b~1")).toBe(3);
  state.refuses = true;
  void own.note("s.a~1", 5);
  await expect(own.flush()).rejects.toThrow("READONLY");
  // The other acknowledges four now, cannot write it, and dies.
  expect(await own.of("s.b~1")).toBeUndefined();
  state.refuses = false;
  await own.flush();
  expect(hashes.get("s.a~1")).toBe("5");
  expect(await own.of("s.b~1")).toBeUndefined();
  await own.gone("b~1");
  await clock.advance(60_000);
  expect(await own.of("s.b~1")).toBeUndefined();
});
