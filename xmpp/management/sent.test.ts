// The count of what was sent: what an `h` takes out, which `h` cannot be, and how the count goes on when streams change.
import { describe, expect, test } from "@jest/globals";
import { Stanza } from "../stanza/stanza.ts";
import { Sent, sizeOf } from "./sent.ts";

interface Numbered {
  readonly stanza: Stanza;
  readonly number: number;
}

function numbered(number: number): Numbered {
  const text = `<message to='juliet@verona.test'><body>${"x".repeat(number % 7)}</body></message>`;
  return { stanza: Stanza.fromText(text), number };
}

function sent(count: number, begun = 0): Sent<Numbered> {
  const all = new Sent<Numbered>(begun);
  for (let number = 0; number < count; number++) all.push(numbered(number));
  return all;
}

const numbers = (list: readonly Numbered[] | undefined) => list?.map(({ number }) => number);

/** Characters of these. */
function sizeOfAll(list: readonly Numbered[]): number {
  return list.reduce((sum, { stanza }) => sum + sizeOf(stanza), 0);
}

describe("an acknowledgement", () => {
  // XEP-0198 §4: the count begins at 0 and goes from 2^32 - 1 to 0.
  test.each([0, 1, 2 ** 32 - 3, 2 ** 32 - 1])("takes out what it counts, in order, from %i on", (begun) => {
    const all = sent(5, begun);
    expect(all.total).toBe((begun + 5) % 2 ** 32);
    expect(numbers(all.acknowledge((begun + 2) % 2 ** 32))).toEqual([0, 1]);
    expect(numbers(all.acknowledge((begun + 2) % 2 ** 32))).toEqual([]);
    expect(numbers(all.list())).toEqual([2, 3, 4]);
    expect(numbers(all.acknowledge(all.total))).toEqual([2, 3, 4]);
    expect([all.length, all.size]).toEqual([0, 0]);
  });

  test.each([0, 2 ** 32 - 2])("of more than was sent, or less than before, changes nothing (from %i)", (begun) => {
    const all = sent(3, begun);
    all.acknowledge((begun + 1) % 2 ** 32);
    for (const h of [begun + 4, begun, begun + 2 ** 31]) expect(all.acknowledge(h % 2 ** 32)).toBeUndefined();
    expect(numbers(all.list())).toEqual([1, 2]);
  });

  test("keeps the measure of the rest, also behind hundreds that are gone", () => {
    const all = sent(1_000);
    for (let h = 1; h <= 900; h++) expect(numbers(all.acknowledge(h))).toEqual([h - 1]);
    expect(all.length).toBe(100);
    expect(all.size).toBe(sizeOfAll(all.list()));
    expect(numbers(all.list())?.[0]).toBe(900);
  });
});

test("what went another way is as if never sent: the peer has not counted it", () => {
  const all = sent(5);
  all.acknowledge(1);
  all.forget(({ number }) => number === 2 || number === 3);
  expect([all.total, all.length]).toEqual([3, 2]);
  expect(all.size).toBe(sizeOfAll(all.list()));
  expect(numbers(all.acknowledge(3))).toEqual([1, 4]);
});

describe("what was drained", () => {
  test("is out, and the count goes on from what the peer had handled of it", () => {
    const all = sent(5);
    all.acknowledge(1);
    expect(numbers(all.drain())).toEqual([1, 2, 3, 4]);
    expect([all.total, all.length, all.size]).toEqual([5, 0, 0]);
    expect(all.countFrom(0)).toBe(false);
    expect(all.countFrom(6)).toBe(false);
    expect(all.countFrom(3)).toBe(true);
    all.push(numbered(9));
    expect(all.total).toBe(4);
    // Known once: it is no room for a count that cannot be.
    expect(all.countFrom(3)).toBe(false);
  });

  test("says nothing while something is under way", () => {
    const all = sent(2);
    all.drain();
    all.push(numbered(2));
    expect(all.countFrom(2)).toBe(false);
  });
});

test("both sides count from 0 again once stream management is enabled; what is kept stays kept", () => {
  const all = sent(3);
  all.restart();
  expect([all.total, all.length]).toEqual([0, 3]);
});

test("a stanza that is kept for more than a moment lets go of what it was read with", () => {
  const all = new Sent<Numbered>();
  const detached: number[] = [];
  for (let number = 0; number < 70; number++) {
    const one = numbered(number);
    one.stanza.detach = () => void detached.push(number);
    all.push(one);
  }
  expect(detached).toEqual([0, 1, 2, 3, 4, 5]);
});
