// The order of targets: properties that hold for every list, and the shares that weights promise.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { orderTargets } from "./target-order.ts";

const target = fc.record({
  host: fc.string(),
  priority: fc.integer({ min: 0, max: 5 }),
  weight: fc.integer({ min: 0, max: 65535 }),
});
const random = fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }));

const draws = (stream: Iterator<number>) => () => stream.next().value as number;

test("every target stands there once, and priorities never fall", () => {
  fc.assert(
    fc.property(fc.array(target), random, (targets, stream) => {
      const ordered = orderTargets(targets, draws(stream));
      expect(ordered).toHaveLength(targets.length);
      expect(new Set(ordered)).toEqual(new Set(targets));
      const priorities = ordered.map(({ priority }) => priority);
      expect(priorities).toEqual([...priorities].sort((a, b) => a - b));
    }),
  );
});

test("the list given is left as it was", () => {
  fc.assert(
    fc.property(fc.array(target), random, (targets, stream) => {
      const before = [...targets];
      orderTargets(targets, draws(stream));
      expect(targets).toEqual(before);
    }),
  );
});

/** A generator with a seed (mulberry32), so that shares are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shareOfFirst(targets: { host: string; priority: number; weight: number }[], host: string): number {
  const next = seeded(7);
  const rounds = 5_000;
  let first = 0;
  for (let i = 0; i < rounds; i++) if (orderTargets(targets, next)[0]?.host === host) first++;
  return first / rounds;
}

test("within a priority the chance to be first follows the weight (RFC 2782)", () => {
  const targets = [
    { host: "a", priority: 1, weight: 10 },
    { host: "b", priority: 1, weight: 30 },
    { host: "c", priority: 1, weight: 60 },
    { host: "later", priority: 2, weight: 65535 },
  ];
  expect(shareOfFirst(targets, "a")).toBeCloseTo(0.1, 1);
  expect(shareOfFirst(targets, "b")).toBeCloseTo(0.3, 1);
  expect(shareOfFirst(targets, "c")).toBeCloseTo(0.6, 1);
  expect(shareOfFirst(targets, "later")).toBe(0);
});

test("weight 0 beside others is seldom first, but is; alone with its like it is spread evenly", () => {
  const beside = [
    { host: "zero", priority: 1, weight: 0 },
    { host: "a", priority: 1, weight: 9 },
  ];
  expect(shareOfFirst(beside, "zero")).toBeGreaterThan(0.05);
  expect(shareOfFirst(beside, "zero")).toBeLessThan(0.15);
  const alike = ["a", "b", "c", "d"].map((host) => ({ host, priority: 1, weight: 0 }));
  for (const { host } of alike) expect(shareOfFirst(alike, host)).toBeCloseTo(0.25, 1);
});
