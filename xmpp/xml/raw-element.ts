// A complete element as the tokenizer found it: head decoded, content still text, a tree only on demand.
import type { Element } from "ltx";
import { buildTree } from "./build-tree.ts";

/** Name and namespace of a direct child, recorded while scanning so that most questions need no tree. */
export interface ChildHead {
  readonly name: string;
  readonly xmlns: string;
}

/**
 * One direct child of a stream (or one WebSocket frame).
 *
 * `tail` is the text from the end of the start tag on (`>…</name>` or `/>`), exactly as it came. It may be forwarded
 * under any stream whose default namespace stands for `xmlns`, provided `verbatim` is true.
 */
export class RawElement {
  /** Local name, without prefix. */
  readonly name: string;
  /** Namespace name of the element. */
  readonly xmlns: string;
  /**
   * Attributes in document order as name, decoded value, name, decoded value… Names are as written (`to`,
   * `xml:lang`, `xmlns:x`). The default `xmlns` declaration is left out where the element has no prefix (it is `xmlns`).
   */
  readonly attributes: readonly string[];
  readonly tail: string;
  readonly children: readonly ChildHead[];
  /** False when name or content uses a prefix not declared inside: forward the tree instead of the text. */
  readonly verbatim: boolean;
  /** Prefixes in scope from the stream header that the element uses (prefix → namespace), when not verbatim. */
  readonly outerPrefixes: ReadonlyMap<string, string> | undefined;
  /** Why the element must go nowhere, though the stream goes on (see `XmlLimits.flawsAllowed`); content is left out then. */
  readonly flaw: string | undefined;
  /** Prefix the element's own name was written with, "" for none. */
  readonly prefix: string;

  constructor(
    name: string,
    xmlns: string,
    attributes: readonly string[],
    tail: string,
    children: readonly ChildHead[],
    verbatim: boolean,
    outerPrefixes: ReadonlyMap<string, string> | undefined,
    prefix: string,
    flaw?: string,
  ) {
    this.name = name;
    this.xmlns = xmlns;
    this.attributes = attributes;
    this.tail = tail;
    this.children = children;
    this.verbatim = verbatim;
    this.outerPrefixes = outerPrefixes;
    this.prefix = prefix;
    this.flaw = flaw;
  }

  /** Decoded value of an attribute, by its name as written. */
  attr(name: string): string | undefined {
    const list = this.attributes;
    for (let i = 0; i < list.length; i += 2) if (list[i] === name) return list[i + 1];
    return undefined;
  }

  /** A fresh tree of the element, its root carrying an explicit `xmlns` attribute. */
  toElement(): Element {
    return buildTree(this);
  }
}
