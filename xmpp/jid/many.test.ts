// Tests of many JIDs at once: in order, and with turns for others in between.
import { expect, test } from "@jest/globals";
import { parseMany } from "./many.ts";

test("many JIDs are prepared in order, and what is none stays in its place", async () => {
  const texts = Array.from({ length: 100 }, (_, i) => (i % 7 === 3 ? "@" : `N${i}@Verona.test`));
  const jids = await parseMany(texts);
  expect(jids.map((jid) => jid?.full)).toEqual(texts.map((text) => (text === "@" ? undefined : text.toLowerCase())));
});

test("others have a turn after every few", async () => {
  let turns = 0;
  let done = false;
  const count = () => {
    if (done) return;
    turns++;
    setImmediate(count);
  };
  setImmediate(count);
  await parseMany(Array.from({ length: 160 }, (_, i) => `turn${i}@verona.test`));
  done = true;
  expect(turns).toBeGreaterThanOrEqual(9);
});

test("many who ask at once take turns, one in each turn of the event loop", async () => {
  const texts = Array.from({ length: 64 }, (_, i) => `user${i}@xn--mgbaa${i}.example`);
  let turns = 0;
  let over = false;
  const counting = (async () => {
    for (; !over; turns++) await new Promise(setImmediate);
  })();
  await Promise.all(Array.from({ length: 10 }, () => parseMany(texts)));
  over = true;
  await counting;
  // Each of ten waits three times.
  expect(turns).toBeGreaterThanOrEqual(29);
});

test("what is spent in later turns is told, to be charged to who asked", async () => {
  const charged: number[] = [];
  await parseMany(
    Array.from({ length: 50 }, (_, i) => `user${i}@verona.test`),
    (ms) => charged.push(ms),
  );
  expect(charged).toHaveLength(3);
  expect(Math.min(...charged)).toBeGreaterThan(0);
});
