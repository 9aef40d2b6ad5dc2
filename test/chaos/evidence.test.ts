// The book and the report that the experiments rest on.
import { expect, test } from "@jest/globals";
import { Evidence, quantile } from "./evidence.ts";
import { judge } from "./invariants.ts";
import { atLeast, atMost, bookFigures, formatReport, report } from "./report.ts";

test("the book answers whoever waits, and its verdict is the transcript's", () => {
  const book = new Evidence();
  book.note("romeo", { what: "session" });
  for (const id of ["m0", "m1", "m2"]) book.note("romeo", { what: "sent", id, to: "juliet" });
  book.note("romeo", { what: "a", h: 3 });
  book.note("juliet", { what: "received", id: "m0" });
  book.note("romeo", { what: "returned", id: "m1", condition: "resource-constraint" });
  expect(book.open()).toEqual(["m2"]);
  expect([book.wasReceived("m0"), book.wasReturned("m1"), book.acknowledgedAt("m2")]).toEqual([
    true,
    true,
    expect.any(Number),
  ]);
  expect(book.latencies(0, Number.POSITIVE_INFINITY)).toHaveLength(1);
  expect(book.hadBy("juliet", performance.now())).toBe(book.letter("m0")?.receivedAt);
  expect([book.hadBy("juliet", 0), book.hadBy("romeo", performance.now())]).toEqual([undefined, undefined]);
  expect(book.conditions).toEqual(new Map([["resource-constraint", 1]]));
  expect(book.verdict()).toEqual(judge(book.transcript));
  expect(book.verdict().lost).toEqual(["m2"]);
});

test("a figure beyond its bound makes a report fail, and NaN is beyond", () => {
  const book = new Evidence();
  book.note("romeo", { what: "session" });
  book.note("romeo", { what: "sent", id: "m0", to: "juliet" });
  book.note("romeo", { what: "a", h: 1 });
  const made = report(
    "kill",
    "site",
    [...bookFigures(book.verdict()), atLeast("share", Number.NaN, 0.99)],
    book.verdict(),
  );
  expect(made.failures.map(({ what }) => what)).toEqual(["acknowledged and lost", "share"]);
  expect(formatReport(made)).toContain("lost: m0");
  expect(atMost("back", Number.POSITIVE_INFINITY, 15).ok).toBe(false);
});

test("quantiles", () => {
  expect(quantile([3, 1, 2, 4], 0.5)).toBe(3);
  expect(quantile([5], 0.99)).toBe(5);
  expect(quantile([], 0.5)).toBeNaN();
});

test("what may come twice is told and not bounded, by id", () => {
  const book = new Evidence();
  book.note("romeo", { what: "session" });
  for (const id of ["m0", "m1"]) book.note("romeo", { what: "sent", id, to: "juliet" });
  for (const id of ["m0", "m0", "m1", "m1"]) book.note("juliet", { what: "received", id });
  const figures = bookFigures(book.verdict(), { mayDouble: (id) => id === "m0" });
  const twice = figures.filter(({ what }) => what.startsWith("received twice")).map(({ value, ok }) => [value, ok]);
  expect(twice).toEqual([
    [2, undefined],
    [1, false],
  ]);
});
