// Order between servers whatever the network does: many resets at any moment, one link or one from each side.
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Ground, type TestNode } from "./nodes.ts";

let ground: Ground;

beforeEach(async () => {
  ground = await Ground.lay();
});

afterEach(() => ground.clear());

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Numbers of the bodies that came, in their order. */
const numbersOf = (node: TestNode) => node.bodies().map(Number);

/** Those that came for the first time behind a greater one. */
function late(numbers: readonly number[]): number[] {
  let greatest = -1;
  return [...new Set(numbers)].filter((number) => {
    if (number < greatest) return true;
    greatest = number;
    return false;
  });
}

const TOTAL = 600;
const turn = () => new Promise((resolve) => setImmediate(resolve));

test.each([
  ["one link", 1],
  ["two links", 1],
  ["two links", 2],
  ["two links", 3],
])(
  "%s cut again and again, together or one by one: everything arrives once and in order, both ways (seed %i)",
  async (links, seed) => {
    const random = randomOf(seed);
    const settings = { connectSeconds: 5 };
    const a = await ground.node("a.test", settings);
    const b = await ground.node("b.test", settings);
    const relays = [await ground.relay(b.service, () => b.port), await ground.relay(a.service, () => a.port)];
    // Each opens a stream of its own where it has none yet, and all are for both ways.
    a.send(`y@${b.service}`, "0");
    if (links === "one link") await b.until(() => b.received.length === 1, "the first of a");
    b.send(`x@${a.service}`, "0");
    await a.until(() => a.acknowledged && a.received.length === 1, "the first of b");
    await b.until(() => b.acknowledged && b.received.length === 1, "the first of a");
    let cuts = 0;
    for (let i = 1; i < TOTAL; i++) {
      a.send(`y@${b.service}`, String(i));
      b.send(`x@${a.service}`, String(i));
      for (let turns = Math.floor(random() * 6); turns > 0; turns--) await turn();
      if (random() > 0.04) continue;
      cuts++;
      const which = random();
      for (const [side, relay] of relays.entries()) if (which < 0.5 || side === Math.round(which)) relay.cut();
    }
    await a.until(() => new Set(numbersOf(a)).size === TOTAL, "everything of b", 20_000);
    await b.until(() => new Set(numbersOf(b)).size === TOTAL, "everything of a", 20_000);
    expect(cuts).toBeGreaterThan(5);
    for (const node of [a, b]) {
      expect(late(numbersOf(node))).toEqual([]);
      expect(numbersOf(node)).toHaveLength(TOTAL);
    }
  },
  90_000,
);
