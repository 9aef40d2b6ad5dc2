// Ids are in the order in which they were made, as text, and no two processes give the same.
import { expect, test } from "@jest/globals";
import { orderedIds } from "./ordered-ids.ts";

test("many of one ms ascend as text, and two processes give none twice", () => {
  const [one, two] = [orderedIds(() => 5), orderedIds(() => 5)];
  const made = Array.from({ length: 3_000 }, () => one.next());
  expect(made.toSorted()).toEqual(made);
  const others = Array.from({ length: 3_000 }, () => two.next());
  expect(new Set([...made, ...others]).size).toBe(6_000);
  expect(new Set([...made, ...others].map((id) => id.length)).size).toBe(1);
});

test("they go with time, of whichever process, and not behind it where the clock is set back", () => {
  let now = 1_000;
  const one = orderedIds(() => now);
  const first = one.next();
  now = 1_800_000_000_000;
  const [later, elsewhere] = [one.next(), orderedIds(() => now + 1).next()];
  expect([elsewhere, later, first].sort()).toEqual([first, later, elsewhere]);
  now = 1_000;
  expect(one.next() > later).toBe(true);
});

test("who goes on with what another made comes after it, though his clock is behind", () => {
  const ahead = orderedIds(() => 9_000);
  const behind = orderedIds(() => 1);
  const last = ahead.next();
  expect(behind.next() < last).toBe(true);
  behind.seen(last);
  expect(behind.next() > last).toBe(true);
  for (const id of ["", "x", last.toUpperCase(), `${last}0`, "z".repeat(11) + last.slice(11)])
    expect(() => behind.seen(id)).toThrow(TypeError);
});
