// An element cut out of its surroundings keeps its meaning.
import { expect, test } from "@jest/globals";
import type { Element } from "ltx";
import { selfContained } from "./self-contained.ts";
import { parseElement } from "./tree.ts";

const inner = (text: string) => parseElement(text).getChildElements()[0] as Element;

test.each([
  ["<q xmlns='a'><b/></q>", "<b xmlns='a'/>"],
  ["<q xmlns='a'><b xmlns='c'><d/></b></q>", "<b xmlns='c'><d/></b>"],
  ["<q xmlns='a' xmlns:p='c'><p:b><p:d/></p:b></q>", "<p:b xmlns:p='c'><p:d/></p:b>"],
  ["<q xmlns='a' xmlns:p='c'><p:b><d/></p:b></q>", "<p:b xmlns:p='c' xmlns='a'><d/></p:b>"],
  ["<q xmlns='a' xmlns:p='c'><b p:x='1' xml:lang='it'/></q>", "<b xmlns='a' xmlns:p='c' p:x='1' xml:lang='it'/>"],
  ["<q xmlns='a' xmlns:p='c'><b xmlns='e' xmlns:p='d'><p:f/></b></q>", "<b xmlns='e' xmlns:p='d'><p:f/></b>"],
  ["<q xmlns='a'><b xmlns='e'><f xmlns=''>x &gt; &lt;y</f></b></q>", "<b xmlns='e'><f xmlns=''>x &gt; &lt;y</f></b>"],
])("%s", (text, expected) => {
  expect(parseElement(selfContained(inner(text))).toString()).toBe(parseElement(expected).toString());
});
