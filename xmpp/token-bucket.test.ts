// Token bucket: an average, a burst, debts that waiting pays, and bounds that change.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { ManualClock } from "../test/harness/manual-clock.ts";
import { systemClock } from "./clock.ts";
import { TokenBucket } from "./token-bucket.ts";

test("the burst goes at once, what is beyond it is waited for", async () => {
  const clock = new ManualClock(0);
  const bucket = new TokenBucket(clock, 10, 50);
  expect(bucket.take(50)).toBe(0);
  expect(bucket.take(1)).toBe(100);
  expect(bucket.take(4)).toBe(500);
  await clock.advance(500);
  expect(bucket.take(0)).toBe(0);
  await clock.advance(60_000);
  // However long it rested.
  expect([bucket.take(50), bucket.take(50), bucket.take(1)]).toEqual([0, 0, 100]);
});

test("over any time no more passes than the burst and the rate allow, whatever is asked for", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 0, max: 30 })), { maxLength: 60 }),
      async (asked) => {
        const clock = new ManualClock(0);
        const bucket = new TokenBucket(clock, 7, 20);
        let passed = 0;
        for (const [ms, cost] of asked) {
          await clock.advance(ms);
          passed += cost;
          await clock.advance(bucket.take(cost));
          expect(passed).toBeLessThanOrEqual(20 + (clock.now() / 1000) * 7 + 1e-6);
        }
      },
    ),
    { numRuns: 30 },
  );
});

test("who takes only what is there owes nothing", async () => {
  const clock = new ManualClock(0);
  const bucket = new TokenBucket(clock, 10, 20);
  expect([bucket.takeIfThere(15), bucket.takeIfThere(6), bucket.takeIfThere(5)]).toEqual([true, false, true]);
  await clock.advance(100);
  expect([bucket.takeIfThere(1), bucket.takeIfThere(1)]).toEqual([true, false]);
});

test("who reads no further until then goes on when it is paid", async () => {
  const clock = new ManualClock(0);
  const bucket = new TokenBucket(clock, 10, 1);
  expect(bucket.taking(1)).toBeUndefined();
  let went = false;
  void bucket.taking(1)?.then(() => {
    went = true;
  });
  await clock.advance(99);
  expect(went).toBe(false);
  await clock.advance(1);
  expect(went).toBe(true);
});

test("other bounds forgive no debt, unless the bucket is filled anew", async () => {
  const clock = new ManualClock(0);
  const bucket = new TokenBucket(clock, 10, 10);
  bucket.take(20);
  bucket.limit(100, 1_000);
  expect(bucket.full(0)).toBe(false);
  expect(bucket.take(0)).toBe(100);
  bucket.reset(1, 5);
  expect([bucket.full(0), bucket.take(5), bucket.take(1)]).toEqual([true, 0, 1_000]);
  bucket.reset(1, 100);
  bucket.limit(1, 10);
  expect([bucket.take(10), bucket.take(1)]).toEqual([0, 1_000]);
  await clock.advance(11_000);
  expect(bucket.full(clock.now())).toBe(true);
});

test("a clock that is set back is not owed", () => {
  let now = 3_600_000;
  const bucket = new TokenBucket({ ...systemClock, now: () => now }, 10, 10);
  bucket.take(10);
  now = 0;
  expect(bucket.take(1)).toBe(100);
  now = 100;
  expect(bucket.take(0)).toBe(0);
});
