// Stream management's elements: what is read back of them, and what no attribute can break out of.
import { expect, test } from "@jest/globals";
import { parseElement } from "../xml/tree.ts";
import { ackText, enabledText, failedText, handledOf, resumedText, resumeText, tooHighText } from "./elements.ts";

const NASTY = `it's "<&>`;

test("an id of the peer's stays in its attribute", () => {
  for (const text of [resumeText(NASTY, 1), resumedText(NASTY, 1)])
    expect(parseElement(text).attrs).toMatchObject({ previd: NASTY, h: "1" });
  const enabled = parseElement(enabledText({ id: NASTY, seconds: 1.9, location: NASTY }));
  expect(enabled.attrs).toMatchObject({ id: NASTY, location: NASTY, max: "1", resume: "true" });
});

test("without a resumption nothing is said of one", () => {
  expect(parseElement(enabledText(undefined)).attrs).toEqual({ xmlns: "urn:xmpp:sm:3" });
});

test("a failure tells what was handled, where that is known", () => {
  expect(parseElement(failedText("item-not-found", 7)).attrs.h).toBe("7");
  expect(parseElement(failedText("item-not-found")).attrs.h).toBeUndefined();
});

test.each([
  [0, 0],
  [2 ** 32 - 1, 2 ** 32 - 1],
  [2 ** 32, undefined],
  [-1, undefined],
  [1.5, undefined],
])("the count %d is read as %s", (h, read) => {
  for (const text of [ackText(h), tooHighText(h, 1)]) {
    const { attrs } = parseElement(text);
    expect(handledOf({ attr: (name) => attrs[name] })).toBe(read);
  }
});
