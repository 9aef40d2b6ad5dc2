// Tests of how fast a stream is read: who causes work is paused, whoever else comes is heard meanwhile.
import { expect, test } from "@jest/globals";
import { ManualClock } from "../../test/harness/manual-clock.ts";
import { ByteBucket } from "./byte-bucket.ts";
import { Rates } from "./rates.ts";

const LIMITS = {
  xml: {} as never,
  bytesPerSecond: 1000,
  burstBytes: 1000,
  workPerSecond: 250,
  backlogBytes: 1,
};

function started() {
  const clock = new ManualClock(0);
  const log: string[] = [];
  const rates = new Rates(
    clock,
    LIMITS,
    () => log.push("stop"),
    () => log.push("go on"),
  );
  return { clock, log, rates };
}

test("work is paid for by time in which nothing is read", async () => {
  const { clock, log, rates } = started();
  const since = clock.now();
  await clock.advance(400);
  rates.worked(since);
  expect(log).toEqual([]);
  const again = clock.now();
  await clock.advance(500);
  rates.worked(again);
  expect(log).toEqual(["stop"]);
  await clock.advance(10_000);
  expect(log).toEqual(["stop", "go on"]);
});

test("a clock that was set on costs one long turn at most, one that was set back costs nothing", async () => {
  const { clock, log, rates } = started();
  rates.worked(clock.now() - 3_600_000);
  expect(log).toEqual(["stop"]);
  await clock.advance(20_000);
  expect(log).toEqual(["stop", "go on"]);
  rates.worked(clock.now() + 5_000);
  expect(log).toEqual(["stop", "go on"]);
});

test("bytes and work that both are too much are waited for once, the longer one", async () => {
  const { clock, log, rates } = started();
  rates.read(3000);
  rates.worked(clock.now() - 1000);
  expect(log).toEqual(["stop", "stop"]);
  await clock.advance(1999);
  expect(log).not.toContain("go on");
  await clock.advance(1);
  expect(log).toEqual(["stop", "stop", "go on"]);
});

test("streams of one owner are paused by what all of them cost", () => {
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
  for (const rates of streams) rates.worked(clock.now() - 400);
  // Each is within what one may cost; of all together only the first two are.
  expect(stopped).toEqual([2, 3]);
});
