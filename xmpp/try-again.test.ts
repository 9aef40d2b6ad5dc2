// The loop that tries again: after which pauses, how often, and when it ends.
import { expect, test } from "@jest/globals";
import { ManualClock } from "../test/harness/manual-clock.ts";
import { growingPause, type Pauses, tryAgain } from "./try-again.ts";

/** Attempts that fail until there were so many, and when each was made. */
function begin(needed: number, more: Partial<Pauses> = {}) {
  const clock = new ManualClock(0);
  const at: number[] = [];
  const outcome = { of: undefined as boolean | string | undefined };
  const attempt = async () => at.push(clock.now()) >= needed;
  void tryAgain({ clock, first: 250, longest: 1_000, ...more }, attempt).then((done) => {
    outcome.of = done;
  });
  return { clock, at, outcome };
}

test("pauses come first, and grow up to the longest", async () => {
  const { clock, at, outcome } = begin(5);
  expect(at).toEqual([]);
  await clock.advance(3_750);
  expect(at).toEqual([250, 750, 1_750, 2_750, 3_750]);
  expect(outcome.of).toBe(true);
  await clock.advance(60_000);
  expect(at).toHaveLength(5);
});

test("what is done is attempted no more", async () => {
  const { clock, at, outcome } = begin(1);
  await clock.advance(10_000);
  expect(at).toEqual([250]);
  expect(outcome.of).toBe(true);
});

test("once the time is over nothing is attempted, and that is told", async () => {
  const { clock, at, outcome } = begin(Number.POSITIVE_INFINITY, { within: 2_000 });
  await clock.advance(2_000);
  expect(at).toEqual([250, 750, 1_750]);
  expect(outcome.of).toBeUndefined();
  await clock.advance(1_000);
  expect(at).toHaveLength(3);
  expect(outcome.of).toBe(false);
});

test("without an end it goes on", async () => {
  const { clock, at } = begin(Number.POSITIVE_INFINITY);
  await clock.advance(86_400_000);
  expect(at.length).toBeGreaterThan(86_000);
});

test("an attempt that is not answered holds the next one back", async () => {
  const clock = new ManualClock(0);
  let attempts = 0;
  void tryAgain({ clock, first: 250, longest: 1_000 }, () => {
    attempts++;
    return new Promise<boolean>(() => {});
  });
  await clock.advance(60_000);
  expect(attempts).toBe(1);
});

test("what an attempt throws ends it", async () => {
  const clock = new ManualClock(0);
  const trying = tryAgain({ clock, first: 250, longest: 1_000 }, () => Promise.reject(new Error("a mistake")));
  const told = expect(trying).rejects.toThrow("a mistake");
  await clock.advance(250);
  await told;
});

test("pauses double up to the longest, and a share of them may be at random", () => {
  const growth = { first: 100, longest: 1_000 };
  expect([0, 1, 2, 3, 4, 2_000].map((before) => growingPause(before, growth))).toEqual([
    100, 200, 400, 800, 1_000, 1_000,
  ]);
  expect([0, 0.5, 1].map((part) => growingPause(1, growth, { sure: 0.5, random: () => part }))).toEqual([
    100, 150, 200,
  ]);
  expect([0, 0.5, 1].map((part) => growingPause(9, growth, { sure: 0, random: () => part }))).toEqual([0, 500, 1_000]);
});
