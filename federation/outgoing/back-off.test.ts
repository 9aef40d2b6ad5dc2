// When a remote domain is tried again after failures, and how long stanzas are kept for one that was up.
import { describe, expect, test } from "@jest/globals";
import { BackOff } from "./back-off.ts";
import { Patience } from "./patience.ts";

describe("back-off (RFC 6120 §3.3)", () => {
  const waits = (random: number, failures: number) => {
    const backOff = new BackOff(() => random);
    return Array.from({ length: failures }, () => {
      backOff.failed(0);
      return backOff.wait(0) / 1000;
    });
  };

  test("the first attempt comes at random within a minute, then the span doubles, up to a quarter of an hour", () => {
    expect(waits(0.5, 7)).toEqual([30, 60, 120, 240, 450, 450, 450]);
    expect(waits(0, 3)).toEqual([0, 0, 0]);
    expect(Math.max(...waits(0.999_999, 1))).toBeLessThan(60);
  });

  test("hundreds of failures overflow nothing", () => {
    expect(waits(0.5, 2000).at(-1)).toBe(450);
  });

  test("it is over in time, or when the domain shows that it is there", () => {
    const backOff = new BackOff(() => 0.5);
    backOff.failed(1000);
    expect(backOff.wait(31_000 - 1)).toBe(1);
    expect(backOff.wait(31_000)).toBe(0);
    backOff.failed(1000);
    backOff.reset();
    expect(backOff.wait(1000)).toBe(0);
    backOff.failed(1000);
    expect(backOff.wait(1000)).toBe(30_000);
  });
});

describe("patience with a domain that was up", () => {
  const KEEP = 60_000;

  test("a stream that lived is made anew at once, and stanzas are kept for it", () => {
    const patience = new Patience();
    expect(patience.keeps(0)).toBe(false);
    expect(patience.lost(0, 100_000, KEEP)).toBe(0);
    expect([patience.keeps(100_000 + KEEP - 1), patience.keeps(100_000 + KEEP)]).toEqual([true, false]);
  });

  test("streams that end as soon as they are up are made anew ever later, and nothing is kept for ever", () => {
    const patience = new Patience();
    const pauses = Array.from({ length: 8 }, (_, i) => patience.lost(i * 20_000, i * 20_000 + 1, KEEP));
    expect(pauses).toEqual([0, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
    expect(patience.keeps(KEEP + 1)).toBe(false);
  });

  test("attempts come within fifteen seconds at most, never in step", () => {
    const patience = new Patience();
    const spans = [500, 1000, 2000, 4000, 8000, 15_000, 15_000];
    for (const span of spans) {
      const pause = patience.next();
      expect(pause).toBeGreaterThanOrEqual(span / 2);
      expect(pause).toBeLessThanOrEqual(span);
    }
  });
});
