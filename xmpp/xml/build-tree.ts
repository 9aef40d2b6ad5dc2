// Trees of elements whose text has been checked already. XML 1.0 §3.1.
import type { Element } from "ltx";
import { XmlElement } from "./element.ts";
import { decodeText, decodeValue, isPlain, normalizeLineEnds } from "./references.ts";

/** What of an element a tree is made from; `tail` is its text from the end of the start tag on. */
export interface CheckedElement {
  readonly name: string;
  readonly xmlns: string;
  readonly prefix: string;
  /** Name as written, decoded value, and so on. */
  readonly attributes: readonly string[];
  readonly tail: string;
  /** Prefixes of the stream's header that it uses, with their namespaces. */
  readonly outerPrefixes: ReadonlyMap<string, string> | undefined;
}

/**
 * The tree of an element: its root with an explicit `xmlns` (unless its name has a prefix), names as written, and what
 * it took from the stream's header declared on its root.
 */
export function buildTree(raw: CheckedElement): Element {
  const root = new XmlElement(raw.prefix === "" ? raw.name : `${raw.prefix}:${raw.name}`);
  const { attrs } = root;
  if (raw.prefix === "") attrs.xmlns = raw.xmlns;
  if (raw.outerPrefixes !== undefined)
    for (const [prefix, namespace] of raw.outerPrefixes) attrs[prefix === "" ? "xmlns" : `xmlns:${prefix}`] = namespace;
  const list = raw.attributes;
  for (let k = 0; k < list.length; k += 2) attrs[list[k] as string] = list[k + 1];
  addContent(root, raw.tail);
  return root;
}

const SLASH = 47;
const EQUALS = 61;
const GT = 62;

/** Adds the content of checked text that begins with the ">" (or "/>") of the root's start tag. */
function addContent(root: Element, tail: string): void {
  if (tail.charCodeAt(0) === SLASH) return;
  let element = root;
  let i = 1;
  let text = "";
  // Nothing to decode anywhere, as a rule.
  const plain = isPlain(tail);
  for (;;) {
    const lt = tail.indexOf("<", i);
    if (lt > i) text += plain ? tail.slice(i, lt) : decodeText(tail.slice(i, lt));
    if (tail.startsWith("![CDATA[", lt + 1)) {
      const close = tail.indexOf("]]>", lt);
      text += normalizeLineEnds(tail.slice(lt + 9, close));
      i = close + 3;
      continue;
    }
    if (text !== "") {
      element.children.push(text);
      text = "";
    }
    if (tail.charCodeAt(lt + 1) === SLASH) {
      if (element === root) return;
      element = element.parent as Element;
      i = tail.indexOf(">", lt) + 1;
    } else {
      const end = nameEnd(tail, lt + 1);
      const child = new XmlElement(tail.slice(lt + 1, end));
      child.parent = element;
      element.children.push(child);
      i = addAttributes(child, tail, end, plain);
      if (tail.charCodeAt(i - 2) !== SLASH) element = child;
    }
  }
}

/** The index after the name that begins at `from`. */
function nameEnd(text: string, from: number): number {
  for (let i = from; ; i++) {
    const c = text.charCodeAt(i);
    if (c <= 32 || c === SLASH || c === GT || c === EQUALS) return i;
  }
}

/** Adds the attributes that stand from an index on to the end of the tag; gives the index after its ">". */
function addAttributes(element: Element, text: string, from: number, plain: boolean): number {
  let i = from;
  for (;;) {
    const c = text.charCodeAt(i);
    if (c === GT) return i + 1;
    if (c <= 32 || c === SLASH) {
      i++;
      continue;
    }
    const end = nameEnd(text, i);
    let quote = text.indexOf("=", end) + 1;
    while (text.charCodeAt(quote) <= 32) quote++;
    const close = text.indexOf(text[quote] as string, quote + 1);
    const value = text.slice(quote + 1, close);
    element.attrs[text.slice(i, end)] = plain ? value : decodeValue(value);
    i = close + 1;
  }
}
