// Ids of held messages ascend, and those of two processes are never the same.
import { expect, test } from "@jest/globals";
import { heldIds } from "./ids.ts";

test("two processes that store in the same millisecond give different ids, however many", () => {
  const ids = [heldIds(() => 5, 7), heldIds(() => 5, 8)].flatMap((one) =>
    Array.from({ length: 3_000 }, () => one.next()),
  );
  expect(new Set(ids).size).toBe(6_000);
});

test.each([0, 7, 999])("they ascend, also behind what an earlier start of another number %i gave", (own) => {
  const one = heldIds(() => 5, own);
  const first = one.next();
  expect(Math.trunc(first / 1_000)).toBe(5);
  expect(one.next()).toBeGreaterThan(first);
  for (const id of [50_007, 60_999, 70_000]) {
    one.seen(id);
    expect(one.next()).toBeGreaterThan(id);
    expect(one.next() % 1_000).toBe(own);
  }
});
