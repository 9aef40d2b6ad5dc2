// Which ends of streams speak against the stanza that they began with, and which against the network.
import { expect, test } from "@jest/globals";
import { Fruitless } from "./fruitless.ts";

/** Streams that begin with what earlier ones left, and break after so many ms: what was counted against the first. */
function judged(lives: readonly (number | "acknowledged")[]): number {
  const fruitless = new Fruitless();
  let now = 0;
  let counted = 0;
  for (const ms of lives) {
    fruitless.begin(now);
    if (ms === "acknowledged") fruitless.acknowledged();
    else now += ms;
    if (fruitless.broke(now)) counted++;
    now += 60_000;
  }
  return counted;
}

test("streams that end at once count from the third in a row on, when the stanza goes alone", () => {
  expect(judged([100, 100])).toBe(0);
  expect(judged([100, 100, 100])).toBe(1);
  expect(judged([100, 100, 100, 5_000, 100])).toBe(3);
});

test("a stream that lived, or a word of the client's, begins the count anew", () => {
  expect(judged([100, 100, 5_001, 100, 100])).toBe(0);
  expect(judged([100, 100, "acknowledged", 100, 100])).toBe(0);
  expect(judged([6_000, 6_000, 6_000, 6_000])).toBe(0);
});

test("what another node counted goes on, and a stream that brought nothing counts for nothing", () => {
  const fruitless = new Fruitless(2);
  expect(fruitless.begin(0)).toBe(true);
  expect(fruitless.careful).toBe(true);
  expect(fruitless.broke(10)).toBe(true);
  expect(fruitless.broke(20)).toBe(false);
  expect(fruitless.count).toBe(0);
});
