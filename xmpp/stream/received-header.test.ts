// Tests of what a peer's stream header must be, on streams as the tokenizer tells them.
import { expect, test } from "@jest/globals";
import { DEFAULT_XML_LIMITS, type StreamHeader, StreamTokenizer } from "../xml/tokenizer.ts";
import { declaresContent, headerFault, languageOf } from "./received-header.ts";

const STREAM = "http://etherx.jabber.org/streams";

function header(text: string): StreamHeader {
  let found: StreamHeader | undefined;
  const tokenizer = new StreamTokenizer(
    {
      streamOpen: (opened) => {
        found = opened;
      },
      element: () => {},
      streamClose: () => {},
      whitespace: () => {},
      error: (condition, fault) => {
        throw new Error(`${condition}: ${fault}`);
      },
    },
    DEFAULT_XML_LIMITS,
  );
  tokenizer.write(text);
  if (found === undefined) throw new Error("no header");
  return found;
}

function withAttribute(attribute: string): StreamHeader {
  return header(`<stream:stream xmlns='jabber:client' xmlns:stream='${STREAM}' ${attribute}>`);
}

test.each([
  [`xml:lang='${"x".repeat(65)}'`, "policy-violation"],
  [`id='${"x".repeat(1025)}'`, "policy-violation"],
  [`version='1.${"0".repeat(1025)}'`, "policy-violation"],
  [`xmlns:p='${"u".repeat(1025)}'`, "policy-violation"],
  [`to='${"a".repeat(3072)}'`, "improper-addressing"],
  [`from='${"a".repeat(3072)}'`, "improper-addressing"],
])("a header is refused for what is too long in it: %.20s", (attribute, condition) => {
  expect(headerFault(withAttribute(attribute))?.[0]).toBe(condition);
});

test("a header with what is long and allowed is taken", () => {
  const lang = `de-${"a1234567-".repeat(6)}abcdefg`;
  const taken = withAttribute(`xml:lang='${lang}' id='${"x".repeat(1024)}' from='${"a".repeat(3071)}'`);
  expect(lang.length).toBe(64);
  expect(headerFault(taken)).toBeUndefined();
  expect(languageOf(taken)).toBe(lang);
});

test.each(["en_US", "", "x y", "-de", "abcdefghi"])("%p is no language, and none is assumed", (lang) => {
  const taken = withAttribute(`xml:lang='${lang}'`);
  expect(headerFault(taken)).toBeUndefined();
  expect(languageOf(taken)).toBeUndefined();
});

test("a header is no longer than 16 KiB, however much a stanza may have", () => {
  expect(() => withAttribute(`xmlns:p='${"u".repeat(17_000)}'`)).toThrow("policy-violation");
});

test.each([
  [`<stream:stream xmlns='jabber:client' xmlns:stream='${STREAM}'>`, true],
  [`<stream xmlns='${STREAM}' xmlns:c='jabber:client'>`, true],
  [`<s:stream xmlns:s='${STREAM}' xmlns:c='jabber:client'>`, true],
  [`<stream xmlns='${STREAM}'>`, true],
  [`<s:stream xmlns:s='${STREAM}'>`, false],
  [`<s:stream xmlns:s='${STREAM}' xmlns='jabber:server' xmlns:c='jabber:client'>`, false],
])("%s may have clients' content: %s", (text, declared) => {
  expect(declaresContent(header(text), "jabber:client")).toBe(declared);
});
