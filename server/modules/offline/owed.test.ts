// An account is owed a word until its node has had it, and again for what came since.
import { expect, test } from "@jest/globals";
import { Owed } from "./owed.ts";

test("what is settled is what was noted before", () => {
  const owed = new Owed();
  owed.note("juliet");
  const mark = owed.mark("juliet");
  owed.note("juliet");
  owed.settle("juliet", mark);
  expect(owed.mark("juliet")).toBeDefined();
  owed.settle("juliet", owed.mark("juliet"));
  expect(owed.mark("juliet")).toBeUndefined();
  owed.settle("juliet", undefined);
});

test("the oldest makes room", () => {
  const owed = new Owed();
  for (let n = 0; n <= 20_000; n++) owed.note(`user-${n}`);
  expect(owed.mark("user-0")).toBeUndefined();
  expect(owed.mark("user-1")).toBeDefined();
});
