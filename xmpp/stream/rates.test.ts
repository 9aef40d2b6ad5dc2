// Tests of how fast a stream is read: who causes work is paused, whoever else comes is heard meanwhile.
import { expect, test } from "@jest/globals";
import { ManualClock } from "../../test/harness/manual-clock.ts";
import type { Clock } from "../clock.ts";
import { TokenBucket } from "../token-bucket.ts";
import { Rates } from "./rates.ts";
import { Stint } from "./stint.ts";

const LIMITS = {
  xml: {} as never,
  bytesPerSecond: 1000,
  burstBytes: 1000,
  workPerSecond: 250,
  backlogBytes: 1,
};

/** `turn` is one within which the clock goes on by so many ms. */
function started() {
  const clock = new ManualClock(0);
  let skew = 0;
  const shifted: Clock = {
    now: () => clock.now() + skew,
    setTimeout: (callback, ms) => clock.setTimeout(callback, ms),
    clearTimeout: (timer) => clock.clearTimeout(timer),
  };
  const log: string[] = [];
  const rates = new Rates(
    shifted,
    LIMITS,
    () => log.push("stop"),
    () => log.push("go on"),
  );
  const turn = (ms: number) => {
    rates.begin();
    skew += ms;
    rates.worked();
  };
  return { clock, log, rates, turn };
}

/** Time passes and the event loop turns: who only had his part of a turn goes on. */
const nextTurn = () => new Promise(setImmediate);

test("work is paid for by time in which nothing is read", async () => {
  const { clock, log, turn } = started();
  turn(40);
  await nextTurn();
  expect(log).toEqual([]);
  turn(360);
  await nextTurn();
  expect(log).toEqual(["stop", "go on"]);
  turn(500);
  await nextTurn();
  expect(log).not.toHaveLength(2);
  expect(log.lastIndexOf("go on")).toBe(1);
  await clock.advance(10_000);
  expect(log.at(-1)).toBe("go on");
});

test("a long turn ends for others, however little was spent before", async () => {
  const { log, turn } = started();
  for (let i = 0; i < 5; i++) turn(20);
  expect(log).toEqual(["stop"]);
  await nextTurn();
  expect(log).toEqual(["stop", "go on"]);
  turn(20);
  await nextTurn();
  expect(log).toHaveLength(2);
});

test("what is spent after a promise counts as what is spent before it", async () => {
  const { clock, log, rates } = started();
  rates.charge(900);
  await nextTurn();
  expect(log).not.toContain("go on");
  await clock.advance(10_000);
  expect(log.at(-1)).toBe("go on");
});

test("streams of one owner share their part of a turn, and one of them goes on in each", async () => {
  const clock = new ManualClock(0);
  const stint = new Stint();
  const log: string[] = [];
  const streams = [0, 1, 2].map((i) => {
    const rates = new Rates(
      clock,
      LIMITS,
      () => log.push(`stop ${i}`),
      () => log.push(`on ${i}`),
    );
    rates.reset({ ...LIMITS, stint });
    return rates;
  });
  for (const rates of streams) rates.charge(40);
  expect(log).toEqual(["stop 1", "stop 2"]);
  await nextTurn();
  expect(log.slice(2)).toEqual(["on 1"]);
  await nextTurn();
  expect(log.slice(3)).toEqual(["on 2"]);
});

test("a turn is charged once, whenever within it that is asked", async () => {
  const { clock, log, rates } = started();
  rates.begin();
  await clock.advance(400);
  for (let i = 0; i < 10; i++) rates.worked();
  await nextTurn();
  // Not paid for by time, only in turns.
  expect(log).toEqual(["stop", "go on"]);
  await clock.advance(400);
  rates.worked();
  await nextTurn();
  expect(log.slice(2)).not.toContain("go on");
});

test("a clock that was set on or back costs nothing: what it adds to the turn it adds to the time to pay in", async () => {
  const { log, turn } = started();
  turn(3_600_000);
  turn(-5_000);
  await nextTurn();
  expect(log).toEqual(["stop", "go on"]);
});

test("bytes and work that both are too much are waited for once, the longer one", async () => {
  const { clock, log, rates, turn } = started();
  rates.read(3000);
  turn(1000);
  await nextTurn();
  await clock.advance(1999);
  expect(log).not.toContain("go on");
  await clock.advance(1);
  expect(log.filter((one) => one === "go on")).toHaveLength(1);
});

test("streams of one owner are paused by what all of them cost", async () => {
  const clock = new ManualClock(0);
  const workTogether = new TokenBucket(clock, 500, 1000);
  const stopped = new Set<number>();
  const streams = [0, 1, 2, 3].map((i) => {
    const rates = new Rates(
      clock,
      LIMITS,
      () => stopped.add(i),
      () => stopped.delete(i),
    );
    rates.reset({ ...LIMITS, workTogether });
    return rates;
  });
  for (const rates of streams) rates.begin();
  await clock.advance(400);
  for (const rates of streams) rates.worked();
  await nextTurn();
  // Each is within what one may cost; of all together only the first three are: 1,000 at once, 200 since.
  expect([...stopped]).toEqual([3]);
});
