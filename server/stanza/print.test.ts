// A stanza that is sent again is known by its attributes and content, and by nothing less.
import { expect, test } from "@jest/globals";
import { NS_CLIENT, NS_DELAY } from "../xml/namespaces.ts";
import { RawElement } from "../xml/raw-element.ts";
import { isSame, printOf, printText } from "./print.ts";

function raw(tail: string, attributes: string[], delayed = false): RawElement {
  const children = [{ name: "body", xmlns: NS_CLIENT }, ...(delayed ? [{ name: "delay", xmlns: NS_DELAY }] : [])];
  return new RawElement("message", NS_CLIENT, attributes, tail, children, true, undefined, "");
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
