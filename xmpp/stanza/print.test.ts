// A stanza that is sent again is known by its attributes and content, and by nothing less.
import { expect, jest, test } from "@jest/globals";
import { NS_CLIENT, NS_DELAY } from "../xml/namespaces.ts";
import { RawElement } from "../xml/raw-element.ts";
import { type Print, printOf, printText, Repeat } from "./print.ts";

function raw(tail: string, attributes: string[], delayed = false): RawElement {
  const children = [{ name: "body", xmlns: NS_CLIENT }, ...(delayed ? [{ name: "delay", xmlns: NS_DELAY }] : [])];
  return new RawElement("message", NS_CLIENT, attributes, tail, children, true, undefined, "");
}

function isSame(print: Print, one: RawElement): boolean {
  return new Repeat(one).isOf({ print });
}

const SHORT = "<body>Hark</body>";
const LONG = `<body>${"Hark ".repeat(1_000)}</body>`;
const TO = ["to", "juliet@verona.test", "id", "a1"];

test.each([SHORT, LONG])("the same text is the same stanza, as it stands and as told to another node", (content) => {
  const print = printOf(raw(`>${content}</message>`, TO));
  for (const kept of [print, printText(print)]) {
    expect(isSame(kept, raw(`>${content}</message>`, TO))).toBe(true);
    // The order of attributes says nothing.
    expect(isSame(kept, raw(`>${content}</message>`, ["id", "a1", "to", "juliet@verona.test"]))).toBe(true);
    expect(isSame(kept, raw(`>${content}</message>`, ["to", "juliet@verona.test", "id", "a2"]))).toBe(false);
    expect(isSame(kept, raw(`>${content.replace("k", "l")}</message>`, TO))).toBe(false);
    expect(isSame(kept, raw(`>${content}<store/></message>`, TO))).toBe(false);
  }
});

test("a time that was added to what is sent again changes nothing. XEP-0203", () => {
  const delay = `<delay xmlns='${NS_DELAY}' stamp='2027-01-15T00:00:00Z'/>`;
  for (const content of [SHORT, LONG]) {
    const print = printOf(raw(`>${content}</message>`, TO));
    expect(isSame(print, raw(`>${content}${delay}</message>`, TO, true))).toBe(true);
    expect(isSame(print, raw(`>${content}<store/>${delay}</message>`, TO, true))).toBe(false);
  }
  expect(isSame(printOf(raw("/>", TO)), raw(`>${delay}</message>`, TO, true))).toBe(true);
});

test("however many are compared, a digest is made of each once", () => {
  const large = Array.from({ length: 3 }, (_, i) => ({ print: printOf(raw(`>${LONG}</message>`, ["id", `${i}`])) }));
  const small = Array.from({ length: 3 }, (_, i) => ({ print: printOf(raw(`>${SHORT}</message>`, ["id", `${i}`])) }));
  const other = { print: printOf(raw(`>${SHORT}<store/></message>`, ["id", "0"])) };
  for (const [content, known] of [
    [LONG, large],
    [SHORT, [other, ...small]],
  ] as const) {
    const attributes = ["id", "new"];
    const pairs = jest.spyOn(attributes, "slice");
    const repeat = new Repeat(raw(`>${content}</message>`, attributes));
    expect(known.some((one) => repeat.isOf(one))).toBe(false);
    expect(pairs).toHaveBeenCalledTimes(1);
  }
  // What was compared is a digest by now, and still known; what is of another length is left as it was.
  expect(small.map(({ print }) => typeof print)).toEqual(["string", "string", "string"]);
  expect(isSame(small[1]?.print ?? "", raw(`>${SHORT}</message>`, ["id", "1"]))).toBe(true);
  expect(typeof other.print).toBe("object");
});
