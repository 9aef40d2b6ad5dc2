// Tests of how fast a stream is read: who causes work is paused, whoever else comes is heard meanwhile.
import { expect, test } from "@jest/globals";
import { ManualClock } from "../../test/harness/manual-clock.ts";
import type { Clock } from "../clock.ts";
import { ByteBucket } from "./byte-bucket.ts";
import { Rates } from "./rates.ts";

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

test("work is paid for by time in which nothing is read", async () => {
  const { clock, log, turn } = started();
  turn(400);
  expect(log).toEqual([]);
  turn(500);
  expect(log).toEqual(["stop"]);
  await clock.advance(10_000);
  expect(log).toEqual(["stop", "go on"]);
});

test("a turn is charged once, whenever within it that is asked", async () => {
  const { clock, log, rates } = started();
  rates.begin();
  await clock.advance(400);
  for (let i = 0; i < 10; i++) rates.worked();
  expect(log).toEqual([]);
  await clock.advance(400);
  rates.worked();
  expect(log).toEqual(["stop"]);
});

test("a clock that was set on or back costs nothing: what it adds to the turn it adds to the time to pay in", () => {
  const { log, turn } = started();
  turn(3_600_000);
  turn(-5_000);
  expect(log).toEqual([]);
});

test("bytes and work that both are too much are waited for once, the longer one", async () => {
  const { clock, log, rates, turn } = started();
  rates.read(3000);
  turn(1000);
  expect(log).toEqual(["stop", "stop"]);
  await clock.advance(1999);
  expect(log).not.toContain("go on");
  await clock.advance(1);
  expect(log).toEqual(["stop", "stop", "go on"]);
});

test("streams of one owner are paused by what all of them cost", async () => {
  const clock = new ManualClock(0);
  const workTogether = new ByteBucket(clock, 500, 1000);
  const stopped: number[] = [];
  const streams = [0, 1, 2, 3].map((i) => {
    const rates = new Rates(
      clock,
      LIMITS,
      () => stopped.push(i),
      () => {},
    );
    rates.reset({ ...LIMITS, workTogether });
    return rates;
  });
  for (const rates of streams) rates.begin();
  await clock.advance(400);
  for (const rates of streams) rates.worked();
  // Each is within what one may cost; of all together only the first three are: 1,000 at once, 200 since.
  expect(stopped).toEqual([3]);
});
