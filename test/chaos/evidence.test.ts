// The book and the divider that the experiments rest on: each fault that they look for is found.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { Evidence, quantile } from "./evidence.ts";
import { atLeast, atMost, bookFigures, formatReport, report } from "./report.ts";
import { attributeOf, Splitter, STREAM_END } from "./splitter.ts";

function bookOf(count: number): Evidence {
  const book = new Evidence();
  for (let i = 0; i < count; i += 1) book.sent(`m${i}`, "romeo juliet", i);
  return book;
}

test("acknowledged and not received is lost; refused or unacknowledged is not", () => {
  const book = bookOf(4);
  for (const id of ["m0", "m1", "m2"]) book.acknowledged(id);
  book.received("m0");
  book.refused("m1", "resource-constraint");
  expect(book.verdict()).toMatchObject({ sent: 4, acknowledged: 3, received: 1, refused: 1, lost: ["m2"], unknown: 1 });
  expect(book.open()).toEqual(["m2", "m3"]);
  expect(book.conditions).toEqual(new Map([["resource-constraint", 1]]));
});

test("received twice, and after a later one, is found; a second copy is not out of order as well", () => {
  const book = bookOf(3);
  for (const id of ["m1", "m0", "m1", "m2"]) book.received(id);
  expect(book.verdict()).toMatchObject({ duplicates: ["m1"], disordered: ["m0"] });
});

test("what nobody sent is noted apart", () => {
  const book = bookOf(1);
  book.received("other");
  expect(book.foreign).toEqual(["other"]);
  expect(book.verdict().received).toBe(0);
});

test("a figure beyond its bound makes a report fail, and NaN is beyond", () => {
  const book = bookOf(1);
  book.acknowledged("m0");
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

const ELEMENTS = [
  "<stream:features><sm xmlns='urn:xmpp:sm:3'/></stream:features>",
  "<message id='a' from='b'><body>x</body><delay/></message>",
  "<r xmlns='urn:xmpp:sm:3'/>",
  "<presence/>",
  STREAM_END,
];

test("elements are whole wherever the stream is divided", () => {
  const text = `<?xml version='1.0'?><stream:stream to='x' version='1.0'>${ELEMENTS.join("")}`;
  fc.assert(
    fc.property(fc.array(fc.nat(text.length)), (places) => {
      const cuts = [0, ...places.toSorted((a, b) => a - b), text.length];
      const splitter = new Splitter();
      const found = cuts.slice(1).flatMap((end, i) => splitter.push(text.slice(cuts[i], end)));
      expect(found).toEqual(ELEMENTS);
    }),
  );
});

test("attributes are those of the first tag alone", () => {
  expect(attributeOf("<message id='a' to=\"b\"><x type='error'/></message>", "to")).toBe("b");
  expect(attributeOf("<message id='a'><x type='error'/></message>", "type")).toBeUndefined();
});
