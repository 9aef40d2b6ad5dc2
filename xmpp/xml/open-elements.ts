// The elements open while scanning and the start tag in hand: nesting, attributes, namespaces, and what is found.

import { type KnownTag, learnTag } from "./known-tags.ts";
import type { XmlLimits } from "./limits.ts";
import { DEFAULT_DECLARATION, type Name, PLAIN, PREFIX_DECLARATION, PREFIXED } from "./names.ts";
import { isContentNamespace, NS_CLIENT } from "./namespaces.ts";
import { prefixedFault } from "./prefixed.ts";
import { type ChildHead, RawElement } from "./raw-element.ts";
import { declarationFault, isOddNamespace, namespaceOf, Scope } from "./scope.ts";
import { unshared } from "./unshared.ts";
import { Verdict } from "./verdict.ts";

/** The start tag of a stream's root, decoded. */
export interface RootTag {
  readonly name: Name;
  readonly xmlns: string;
  /** Name as written, decoded value, and so on; namespace declarations included. */
  readonly attributes: readonly string[];
  readonly defaultNamespace: string;
  readonly prefixes: ReadonlyMap<string, string>;
}

/** Stands for a root that no end tag can close. */
const NO_NAME: Name = { text: "\0", prefix: "", local: "", kind: PLAIN, common: true, bit: 0 };
/** Attributes of a stanza that an answer to it needs. RFC 6120 §8.1. */
const ADDRESSING: ReadonlySet<string> = new Set(["from", "to", "id", "type"]);
const NO_CHILDREN: readonly ChildHead[] = [];

/** Methods that check return false for a fault, which `verdict` then tells. */
export class OpenElements {
  readonly verdict: Verdict;
  /** Open elements, the root of the stream included. */
  depth = 0;

  private readonly names: Name[] = [];
  private readonly defaults: string[] = [""];
  private readonly scopeSizes: number[] = [];
  private readonly scope = new Scope();

  // The start tag in hand.
  private tag: Name | undefined;
  private tagDefault = "";
  private readonly tagNames: Name[] = [];
  private tagLength = 0;
  private tagBits = 0;
  private tagPrefixed = false;
  private keepsAll = false;
  /** The attribute in hand is one too many. */
  private skips = false;

  // The root, or the child of the root, in hand.
  private name: Name | undefined;
  private xmlns = "";
  private readonly attributes: string[] = [];
  private attributesLength = 0;
  private xmlnsAt = -1;
  private readonly children: ChildHead[] = [];
  private childrenLength = 0;
  private elements = 0;
  private verbatim = true;

  constructor(limits: XmlLimits) {
    this.verdict = new Verdict(limits);
  }

  get limits(): XmlLimits {
    return this.verdict.limits;
  }

  /** Nothing is open; with a default namespace, a root that declares it is, and nothing else. */
  clear(defaultNamespace: string | undefined): void {
    this.depth = defaultNamespace === undefined ? 0 : 1;
    this.names[0] = NO_NAME;
    this.scope.clear();
    this.defaults[0] = "";
    this.defaults[1] = defaultNamespace ?? "";
    this.attributes.length = 0;
    this.attributesLength = 0;
    this.childrenLength = 0;
  }

  beginTag(name: Name): boolean {
    this.tag = name;
    this.tagLength = 0;
    this.skips = false;
    this.tagBits = 0;
    this.tagPrefixed = name.kind === PREFIXED;
    this.tagDefault = this.defaults[this.depth] as string;
    this.keepsAll = this.depth <= 1;
    this.scopeSizes[this.depth] = this.scope.size;
    if (!this.keepsAll) return this.admits(name);
    this.verdict.flaw = undefined;
    this.attributesLength = 0;
    this.childrenLength = 0;
    this.xmlnsAt = -1;
    this.elements = 0;
    this.verbatim = true;
    this.scope.outer = this.scope.size;
    this.scope.used = undefined;
    return this.admits(name);
  }

  private admits(name: Name): boolean {
    if (name.text.length > this.limits.maxNameLength) return this.exceed("name too long");
    return name.common || this.exceed("a name that older parsers refuse");
  }

  /** Takes the name of an attribute of the tag in hand. */
  addAttribute(name: Name): boolean {
    const length = this.tagLength;
    if (!this.admits(name)) return false;
    if (length >= this.limits.maxAttributes) {
      if (!this.exceed("too many attributes")) return false;
      // Whom the stanza is from and to has to be known even so.
      this.skips =
        !this.keepsAll || !ADDRESSING.has(name.text) || length >= this.limits.maxAttributes + ADDRESSING.size;
      if (this.skips) return true;
    }
    if ((this.tagBits & name.bit) !== 0)
      for (let k = 0; k < length; k++)
        if ((this.tagNames[k] as Name).text === name.text) return this.refuse("duplicate attribute");
    this.tagBits |= name.bit;
    this.tagNames[length] = name;
    this.tagLength = length + 1;
    if (name.kind === PREFIXED) this.tagPrefixed = true;
    return true;
  }

  /** True where the value of the attribute added last is of interest. */
  get wantsValue(): boolean {
    const { kind } = this.tagNames[this.tagLength - 1] as Name;
    if (this.skips || this.keepsAll) return !this.skips;
    return kind === DEFAULT_DECLARATION || kind === PREFIX_DECLARATION;
  }

  /** Takes the decoded value of the attribute added last. */
  setValue(value: string): boolean {
    const name = this.tagNames[this.tagLength - 1] as Name;
    const isDefault = name.kind === DEFAULT_DECLARATION;
    if ((isDefault || name.kind === PREFIX_DECLARATION) && !this.bind(isDefault ? "" : name.local, value)) return false;
    if (this.keepsAll) {
      if (isDefault) this.xmlnsAt = this.attributesLength;
      else {
        this.attributes[this.attributesLength++] = name.text;
        this.attributes[this.attributesLength++] = value;
      }
    }
    return true;
  }

  private bind(prefix: string, value: string): boolean {
    const namespace = namespaceOf(value);
    const fault = declarationFault(prefix, namespace);
    if (fault !== undefined) return this.refuse(fault);
    if (isOddNamespace(namespace) && !this.exceed("a namespace name that parsers cannot tell")) return false;
    if (isContentNamespace(namespace) && !this.holdsElsewhere(prefix, namespace)) this.verbatim = false;
    if (prefix === "") {
      this.tagDefault = namespace;
      return true;
    }
    if (this.scope.size >= this.limits.maxNamespaceDeclarations) return this.exceed("too many namespace declarations");
    this.scope.bind(prefix, namespace);
    return true;
  }

  /**
   * False where content of streams is declared in a way that is right here and wrong once the element goes out in a stream
   * of other content: by a prefix, as other streams' content, or once more where it holds already.
   */
  private holdsElsewhere(prefix: string, namespace: string): boolean {
    if (prefix !== "" || this.keepsAll) return prefix === "";
    return namespace === NS_CLIENT && (namespace !== this.xmlns || namespace !== this.defaults[this.depth]);
  }

  /** The start tag is complete: the element is open. */
  open(): boolean {
    const name = this.tag as Name;
    const { depth } = this;
    if (depth > this.limits.maxDepth && !this.exceed("nested too deeply")) return false;
    let xmlns = this.tagDefault;
    if (this.tagPrefixed && this.verdict.flaw === undefined) {
      if (name.kind === PREFIXED) {
        const bound = this.scope.resolve(name.prefix);
        if (bound === undefined) return this.refuse("unbound prefix");
        xmlns = bound;
      }
      const fault = prefixedFault(this.tagNames, this.tagLength, this.scope);
      if (fault !== undefined) return this.refuse(fault);
    }
    if (name.kind === PREFIX_DECLARATION) return this.refuse("xmlns is no prefix of elements");
    if (depth > 0 && ++this.elements > this.verdict.maxElements && !this.exceed("too many elements")) return false;
    if (depth <= 1) {
      this.name = name;
      this.xmlns = xmlns;
    } else if (depth === 2 && this.verdict.flaw === undefined)
      this.children[this.childrenLength++] = { name: name.local, xmlns };
    this.names[depth] = name;
    this.depth = depth + 1;
    this.defaults[depth + 1] = this.tagDefault;
    return true;
  }

  /** Opens an element within a child of the root by a tag that has been checked before; an empty one is closed. */
  openKnown(known: KnownTag): boolean {
    const { depth, limits } = this;
    if (depth > limits.maxDepth && !this.exceed("nested too deeply")) return false;
    if (++this.elements > this.verdict.maxElements && !this.exceed("too many elements")) return false;
    if (known.name.text.length > limits.maxNameLength && !this.exceed("name too long")) return false;
    const outside = this.defaults[depth] as string;
    const xmlns = known.xmlns ?? outside;
    if (known.foreign || (known.xmlns === outside && outside === this.xmlns)) this.verbatim = false;
    if (depth === 2 && this.verdict.flaw === undefined) {
      if (known.head.xmlns !== xmlns) known.head = { name: known.name.local, xmlns };
      this.children[this.childrenLength++] = known.head;
    }
    if (known.empty) return true;
    this.scopeSizes[depth] = this.scope.size;
    this.names[depth] = known.name;
    this.depth = depth + 1;
    this.defaults[depth + 1] = xmlns;
    return true;
  }

  /** Keeps the tag just opened, whose text this is, if it is of the kind that can be known again. */
  learn(text: string, start: number, end: number): void {
    const name = this.tag as Name;
    if (this.keepsAll || name.kind !== PLAIN || this.verdict.flaw !== undefined) return;
    if (this.tagLength === 0) learnTag(text, start, end, name, undefined);
    else if (this.tagLength === 1 && (this.tagNames[0] as Name).kind === DEFAULT_DECLARATION)
      learnTag(text, start, end, name, this.tagDefault);
  }

  /** The name that the next end tag must have. */
  get innermost(): string {
    return (this.names[this.depth - 1] as Name).text;
  }

  /** Ends the innermost element. */
  close(): void {
    this.depth--;
    this.scope.size = this.scopeSizes[this.depth] as number;
  }

  /** The root of the stream, just opened. */
  root(): RootTag {
    const name = this.name as Name;
    const { tagDefault } = this;
    // Kept as long as the stream: no slices of its text.
    const attributes = this.takeAttributes().map(unshared);
    if (this.xmlnsAt !== -1) attributes.splice(this.xmlnsAt, 0, "xmlns", tagDefault);
    return { name, xmlns: this.xmlns, attributes, defaultNamespace: tagDefault, prefixes: this.scope.toMap() };
  }

  /** The child of the root, just closed. */
  element(tail: string): RawElement {
    const { xmlns, scope } = this;
    const attributes = this.takeAttributes();
    const { prefix, local } = this.name as Name;
    // What it takes from the stream's header is declared on it wherever it goes.
    const declared = attributes.length / 2 + (scope.used?.size ?? 0);
    const flaw = this.verdict.flaw ?? (declared > this.limits.maxAttributes ? "too many attributes" : undefined);
    if (flaw !== undefined && this.limits.flawsAllowed) {
      this.shrink();
      return new RawElement(local, xmlns, attributes, "/>", NO_CHILDREN, true, undefined, "", flaw);
    }
    if (this.xmlnsAt !== -1 && prefix !== "") attributes.splice(this.xmlnsAt, 0, "xmlns", this.defaults[2] as string);
    const children = this.childrenLength === 0 ? NO_CHILDREN : this.children.slice(0, this.childrenLength);
    let outer = scope.used;
    if (prefix !== "" && this.xmlnsAt === -1 && this.defaults[1] !== "") {
      outer ??= new Map();
      outer.set("", this.defaults[1] as string);
    }
    const verbatim = this.verbatim && outer === undefined && prefix === "";
    return new RawElement(local, xmlns, attributes, tail, children, verbatim, outer, prefix);
  }

  /** A copy of just the right size; no value stays behind to keep alive the text it is a slice of. */
  private takeAttributes(): string[] {
    const { attributes, attributesLength } = this;
    const taken = attributes.slice(0, attributesLength);
    for (let k = 1; k < attributesLength; k += 2) attributes[k] = "";
    return taken;
  }

  private exceed(fault: string): boolean {
    return this.verdict.exceed(fault, this.depth);
  }

  /** What a deep element needed is not kept for the next one. */
  private shrink(): void {
    const keep = this.limits.maxDepth + 2;
    for (const list of [this.names, this.defaults, this.scopeSizes]) if (list.length > keep) list.length = keep;
  }

  private refuse(fault: string): false {
    return this.verdict.refuse("not-well-formed", fault);
  }
}
