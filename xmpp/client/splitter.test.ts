// Dividing a stream's text into elements, wherever its bytes were split.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { attributeOf, Splitter, STREAM_END } from "./splitter.ts";

const TEXT = `<?xml version='1.0'?><stream:stream id='1' a='>'><a b="</a>"><a/>x</a><b c='"/>'/><c/>`;

test("a stream is cut into whole elements wherever its bytes were split", () => {
  for (let at = 0; at <= TEXT.length; at++) {
    const splitter = new Splitter();
    const elements = [...splitter.push(TEXT.slice(0, at)), ...splitter.push(TEXT.slice(at))];
    expect(elements).toEqual(['<a b="</a>"><a/>x</a>', `<b c='"/>'/>`, "<c/>"]);
    expect(splitter.rest).toBe("");
  }
});

test("what belongs to no element yet is kept, and the end of the stream is told", () => {
  const splitter = new Splitter();
  expect(splitter.push("<b/><message><body>a")).toEqual(["<b/>"]);
  expect(splitter.rest).toBe("<message><body>a");
  expect(splitter.push(`</body></message>${STREAM_END}`)).toEqual(["<message><body>a</body></message>", STREAM_END]);
});

const ELEMENTS = [
  "<stream:features><sm xmlns='urn:xmpp:sm:3'/></stream:features>",
  "<message id='a' from='b'><body>x</body><delay/></message>",
  "<r xmlns='urn:xmpp:sm:3'/>",
  "<presence/>",
  STREAM_END,
];

test("elements are whole however often the stream is divided", () => {
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

test("an attribute is of the first tag", () => {
  expect(attributeOf("<a b='1' c=\"2\"><d e='3'/></a>", "c")).toBe("2");
  expect(attributeOf("<a b='1'><d e='3'/></a>", "e")).toBeUndefined();
});
