// Tests of single documents, trees and their text.
import { expect, test } from "@jest/globals";
import { clone, Element } from "ltx";
import { parseDocument } from "./document.ts";
import { RawElement } from "./raw-element.ts";
import { serialize, serializeUnprefixed } from "./serialize.ts";
import { DEFAULT_XML_LIMITS, StreamTokenizer, XmlFailure } from "./tokenizer.ts";
import { parseElement } from "./tree.ts";

/** The only child of a stream with this header. */
function child(header: string, text: string): RawElement {
  const found: RawElement[] = [];
  const fail = (condition: string) => {
    throw new Error(condition);
  };
  const tokenizer = new StreamTokenizer(
    { streamOpen() {}, element: (raw) => found.push(raw), streamClose() {}, whitespace() {}, error: fail },
    DEFAULT_XML_LIMITS,
  );
  tokenizer.write(header + text);
  expect(found).toHaveLength(1);
  return found[0] as RawElement;
}

const HEADER =
  "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' xmlns:c='jabber:client' xmlns:db='jabber:server:dialback'>";

test("a frame is one element that declares its namespace", () => {
  const raw = parseDocument("<message xmlns='jabber:client' to='a'><body/></message>", DEFAULT_XML_LIMITS);
  expect(raw).toMatchObject({
    name: "message",
    xmlns: "jabber:client",
    attributes: ["to", "a"],
    tail: "><body/></message>",
    children: [{ name: "body", xmlns: "jabber:client" }],
    verbatim: true,
  });
});

test("an XML declaration before a frame is tolerated, RFC 7395 §3.3.3", () => {
  expect(parseDocument("<?xml version='1.0'?><a xmlns='b'/>", DEFAULT_XML_LIMITS)).toBeInstanceOf(RawElement);
});

test.each([
  ["", "not-well-formed"],
  [" <a/>", "not-well-formed"],
  ["<a>", "not-well-formed"],
  ["<a/", "not-well-formed"],
  ["<a/><b/>", "not-well-formed"],
  ["<a/>x", "not-well-formed"],
  ["<a/></stream:stream>", "not-well-formed"],
  ["</a>", "not-well-formed"],
  ["text", "not-well-formed"],
  ["<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>", "not-well-formed"],
  ["<p:a/>", "not-well-formed"],
  ["<!-- --><a/>", "restricted-xml"],
  ["<a/><!-- -->", "restricted-xml"],
  ["<!DOCTYPE a><a/>", "restricted-xml"],
  ["<?php ?><a/>", "restricted-xml"],
  ["<?xml version='1.0' encoding='latin1'?><a/>", "unsupported-encoding"],
  [`<a>${"<b>".repeat(64)}`, "policy-violation"],
])("the document %j is refused", (text, condition) => {
  expect(parseDocument(text, DEFAULT_XML_LIMITS)).toMatchObject({ condition });
  expect(() => parseElement(text.startsWith(" ") ? `x${text}` : text)).toThrow(XmlFailure);
});

test("one document leaves nothing behind for the next", () => {
  for (const bad of ["<a xmlns:p='u'><b c='", "<a>&am", "<a><![CDATA[", "<a>\0"]) {
    parseDocument(bad, DEFAULT_XML_LIMITS);
    expect(parseDocument("<a b='1'>x</a>", DEFAULT_XML_LIMITS)).toMatchObject({
      attributes: ["b", "1"],
      tail: ">x</a>",
    });
    expect(parseDocument("<p:a/>", DEFAULT_XML_LIMITS)).toBeInstanceOf(XmlFailure);
  }
});

test("text and values are decoded and normalised, XML 1.0 §2.11, §3.3.3", () => {
  const tree = parseElement("<a b='&lt;&#10;\n\t\"' c=\"'\">1&amp;\r\n2\r3&#13;<![CDATA[&amp;\r\n]]>]]&gt;<d/>e</a>");
  expect(tree.attrs.b).toBe('<\n  "');
  expect(tree.attrs.c).toBe("'");
  expect(tree.children.map(String)).toEqual(["1&\n2\n3\r&amp;\n]]>", "<d/>", "e"]);
});

test("a tree round-trips with its white space, which ltx alone would lose", () => {
  const text = "<a xmlns='u' b='&#10;&#9;&#13;&lt;&amp;&quot;&apos;'>&#13;\n&lt;&gt;<c d=''/></a>";
  const tree = parseElement(text);
  const again = parseElement(serialize(tree));
  expect(again.attrs).toEqual(tree.attrs);
  expect(again.children[0]).toBe("\r\n<>");
});

test("names of Object's prototype are names like any other", () => {
  const tree = parseElement(
    "<__proto__ __proto__='1' constructor='2' toString='3' hasOwnProperty='4'><constructor xmlns:__proto__='u' __proto__:valueOf='5'/></__proto__>",
  );
  expect(Object.entries(tree.attrs)).toEqual([
    ["xmlns", ""],
    ["__proto__", "1"],
    ["constructor", "2"],
    ["toString", "3"],
    ["hasOwnProperty", "4"],
  ]);
  expect(tree.getChild("constructor")?.attrs["__proto__:valueOf"]).toBe("5");
  expect(tree.getChild("constructor")?.getAttr("valueOf", "u")).toBe("5");
  expect(parseElement("<a/>").attrs.toString).toBeUndefined();
  expect(Object.getPrototypeOf(Object.getPrototypeOf(parseElement("<a/>").attrs))).toBeNull();
  expect(clone(tree).attrs).toEqual(tree.attrs);
  expect(({} as Record<string, unknown>).valueOf).toBe(Object.prototype.valueOf);
  expect(serialize(tree)).toContain("__proto__='1'");
});

test("xmlns='' takes the default namespace away, Namespaces in XML 1.0 §6.2", () => {
  const tree = parseElement("<a xmlns='u'><b xmlns=''><c/></b></a>");
  expect(tree.getChild("b")?.getNS()).toBe("");
  expect(tree.getChild("b")?.getChild("c")?.getNS()).toBe("");
  expect(tree.getChild("b", "u")).toBeUndefined();
  expect(serializeUnprefixed(tree, "u")).toBe("<a><b xmlns=''><c/></b></a>");
});

test("a tree may be mixed with elements made by ltx", () => {
  const tree = parseElement("<a xmlns='u'/>");
  tree.cnode(new Element("b", { c: "<" })).t("&");
  expect(tree.getChild("b", "u")).toBeDefined();
  expect(serialize(tree)).toBe("<a xmlns='u'><b c='&lt;'>&amp;</b></a>");
});

test("what an element takes from the stream's header is declared on its tree", () => {
  const raw = child(HEADER, "<db:result><c:x db:y='1'/><z/></db:result>");
  expect(raw).toMatchObject({ name: "result", prefix: "db", xmlns: "jabber:server:dialback", verbatim: false });
  const tree = raw.toElement();
  expect(tree.getNS()).toBe("jabber:server:dialback");
  expect(tree.getChild("x")?.getNS()).toBe("jabber:client");
  expect(tree.getChild("z")?.getNS()).toBe("jabber:client");
  expect(tree.getChild("x")?.getAttr("y", "jabber:server:dialback")).toBe("1");
  expect(parseElement(serialize(tree)).getChild("z")?.getNS()).toBe("jabber:client");
});

test.each([
  ["<message><body/></message>", true],
  ["<message xmlns:p='u' p:a='1'><p:b/></message>", true],
  ["<message xml:lang='en'><x xmlns='jabber:server'/></message>", false],
  ["<message><c:body/></message>", false],
  ["<message c:a='1'/>", false],
  ["<c:message/>", false],
  ["<p:message xmlns:p='jabber:client'/>", false],
  ["<message><body xmlns='jabber:client'/></message>", false],
  ["<message><x xmlns='u'><message xmlns='jabber:client'/></x></message>", true],
])("%s may go on as it came: %s", (text, verbatim) => {
  expect(child(HEADER, text).verbatim).toBe(verbatim);
});

test("own text is read again beyond every door's limits", () => {
  const many = (count: number, one: (n: number) => string) => Array.from({ length: count }, (_, n) => one(n)).join("");
  const depth = 4 * DEFAULT_XML_LIMITS.maxDepth;
  const texts = [
    `<a${many(4 * DEFAULT_XML_LIMITS.maxAttributes, (n) => ` a${n}=''`)}/>`,
    `<a${many(4 * DEFAULT_XML_LIMITS.maxNamespaceDeclarations, (n) => ` xmlns:p${n}='u${n}'`)}/>`,
    `${"<a>".repeat(depth)}${"</a>".repeat(depth)}`,
    `<a>${"x".repeat(4 * DEFAULT_XML_LIMITS.maxElementBytes)}</a>`,
    `<${"a".repeat(4 * DEFAULT_XML_LIMITS.maxNameLength)}/>`,
  ];
  for (const text of texts) {
    expect(parseDocument(text, DEFAULT_XML_LIMITS)).toMatchObject({ condition: "policy-violation" });
    expect(parseElement(serialize(parseElement(text))).getName()).toBe(text.slice(1).split(/[ />]/)[0]);
  }
});
