// Stanzas: immutable, kept as text, a tree only for who asks. RFC 6120 §8.
import type { Element } from "ltx";
import { Jid } from "../jid/jid.ts";
import { escapeAttribute } from "../xml/escape.ts";
import { NS_CLIENT, NS_SERVER } from "../xml/namespaces.ts";
import { type ChildHead, RawElement } from "../xml/raw-element.ts";
import { serializeChildren } from "../xml/serialize.ts";
import { parseOwn } from "../xml/tree.ts";
import type { Safety } from "./safety.ts";

/** The three kinds. RFC 6120 §8.2. */
export type StanzaKind = "message" | "presence" | "iq";

/** Typed key of a per-stanza fact that stages pass on (see `Stanza.note`). */
export class NoteKey<T> {
  declare readonly type: T;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/**
 * One stanza. Its content (`tail`) goes from reader to writer as text; `to`, `from`, `id`, `type` and `xml:lang` are
 * apart, so that stamping a `from` copies nothing.
 */
export class Stanza {
  private tree: Element | undefined;
  private plain: string | undefined;
  private framedText: string | undefined;
  private noteMap: Map<NoteKey<unknown>, unknown> | undefined;
  /** Where somebody waits for the stanza to be safe: whoever keeps it holds this. */
  safety: Safety | undefined;

  readonly kind: StanzaKind;
  readonly from: Jid | undefined;
  readonly to: Jid | undefined;
  readonly id: string | undefined;
  /** As written; undefined where absent. For messages see `messageType`. */
  readonly type: string | undefined;
  readonly lang: string | undefined;
  /** Any further attributes (prefixed ones, namespace declarations) as text, each with a space before it. */
  readonly extra: string;
  /** Text from the end of the start tag on: `>…</message>` or `/>`. */
  readonly tail: string;
  /** Heads of the direct children, in order. */
  readonly children: readonly ChildHead[];

  constructor(
    kind: StanzaKind,
    from: Jid | undefined,
    to: Jid | undefined,
    id: string | undefined,
    type: string | undefined,
    lang: string | undefined,
    extra: string,
    tail: string,
    children: readonly ChildHead[],
  ) {
    this.kind = kind;
    this.from = from;
    this.to = to;
    this.id = id;
    this.type = type;
    this.lang = lang;
    this.extra = extra;
    this.tail = tail;
    this.children = children;
  }

  /** Takes a tree; content in the client or server namespace counts as the stream's own. @throws JidError */
  static fromElement(element: Element, from?: Jid, to?: Jid): Stanza {
    const { attrs } = element;
    return fromTree(
      element,
      from ?? (attrs.from === undefined ? undefined : Jid.parse(attrs.from)),
      to ?? (attrs.to === undefined ? undefined : Jid.parse(attrs.to)),
    );
  }

  /**
   * Takes the text of a stanza that this server wrote (`text()`), as it is kept or told to other nodes.
   * @throws XmlFailure, JidError, Error for an element that is no stanza
   */
  static fromText(text: string): Stanza {
    const raw = parseOwn(text, NS_CLIENT);
    const kind = raw.name;
    if (raw.xmlns !== NS_CLIENT || (kind !== "message" && kind !== "presence" && kind !== "iq"))
      throw new Error(`no stanza: ${kind.slice(0, 64)}`);
    const [from, to] = [raw.attr("from"), raw.attr("to")];
    return Stanza.fromRaw(
      raw,
      from === undefined ? undefined : Jid.parse(from),
      to === undefined ? undefined : Jid.parse(to),
    );
  }

  /** Takes what the tokenizer found, with addresses already checked. */
  static fromRaw(raw: RawElement, from: Jid | undefined, to: Jid | undefined, streamLang?: string): Stanza {
    if (!raw.verbatim) return fromTree(raw.toElement(), from, to);
    let id: string | undefined;
    let type: string | undefined;
    let lang: string | undefined;
    let extra = "";
    const list = raw.attributes;
    for (let i = 0; i < list.length; i += 2) {
      const name = list[i] as string;
      const value = list[i + 1] as string;
      if (name === "id") id = value;
      else if (name === "type") type = value;
      else if (name === "xml:lang") lang = value;
      else if (name !== "to" && name !== "from") extra += ` ${name}='${escapeAttribute(value)}'`;
    }
    return new Stanza(
      raw.name as StanzaKind,
      from,
      to,
      id,
      type,
      lang ?? streamLang,
      extra,
      raw.tail,
      inClientNamespace(raw.children, raw.xmlns),
    );
  }

  /** The text to write on a TCP stream of either content namespace. */
  text(): string {
    this.plain ??= `<${this.head()}${this.tail}`;
    return this.plain;
  }

  /** The text to write in one WebSocket frame. RFC 7395 §3.3.3. */
  framed(): string {
    this.framedText ??= `<${this.kind} xmlns='${NS_CLIENT}'${this.head().slice(this.kind.length)}${this.tail}`;
    return this.framedText;
  }

  /** The tree; shared, so never change it: `clone` of ltx first. */
  element(): Element {
    this.tree ??= new RawElement(
      this.kind,
      NS_CLIENT,
      this.attributeList(),
      this.tail,
      this.children,
      true,
      undefined,
      "",
    ).toElement();
    return this.tree;
  }

  /** True where a direct child has this namespace (and name). */
  has(xmlns: string, name?: string): boolean {
    for (const child of this.children)
      if (child.xmlns === xmlns && (name === undefined || child.name === name)) return true;
    return false;
  }

  /** The tree of the first direct child of that namespace and name; undefined without building a tree if absent. */
  child(xmlns: string, name: string): Element | undefined {
    return this.has(xmlns, name) ? this.element().getChild(name, xmlns) : undefined;
  }

  /** The same stanza with other addresses; notes are kept. */
  withAddresses(from: Jid | undefined, to: Jid | undefined): Stanza {
    const copy = new Stanza(this.kind, from, to, this.id, this.type, this.lang, this.extra, this.tail, this.children);
    copy.noteMap = this.noteMap;
    copy.safety = this.safety;
    return copy;
  }

  /** Per-stanza fact set by a stage. */
  note<T>(key: NoteKey<T>): T | undefined {
    return this.noteMap?.get(key) as T | undefined;
  }

  setNote<T>(key: NoteKey<T>, value: T): void {
    this.noteMap ??= new Map();
    this.noteMap.set(key, value);
  }

  toString(): string {
    return this.text();
  }

  private head(): string {
    let head: string = this.kind;
    if (this.from !== undefined) head += ` from='${escapeAttribute(this.from.full)}'`;
    if (this.to !== undefined) head += ` to='${escapeAttribute(this.to.full)}'`;
    if (this.id !== undefined) head += ` id='${escapeAttribute(this.id)}'`;
    if (this.type !== undefined) head += ` type='${escapeAttribute(this.type)}'`;
    if (this.lang !== undefined) head += ` xml:lang='${escapeAttribute(this.lang)}'`;
    return head + this.extra;
  }

  private attributeList(): string[] {
    const list: string[] = [];
    if (this.from !== undefined) list.push("from", this.from.full);
    if (this.to !== undefined) list.push("to", this.to.full);
    if (this.id !== undefined) list.push("id", this.id);
    if (this.type !== undefined) list.push("type", this.type);
    if (this.lang !== undefined) list.push("xml:lang", this.lang);
    // Namespace declarations of the root matter to the content; take them from their text.
    for (const [, name, value] of this.extra.matchAll(/ ([^\s=]+)='([^']*)'/g))
      list.push(name as string, unescapeAttribute(value as string));
    return list;
  }
}

function unescapeAttribute(text: string): string {
  return text.replace(/&(lt|gt|amp|apos|quot|#x?[0-9A-Fa-f]+);/g, (whole, name: string) => {
    switch (name) {
      case "lt":
        return "<";
      case "gt":
        return ">";
      case "amp":
        return "&";
      case "apos":
        return "'";
      case "quot":
        return '"';
      default: {
        const code = name[1] === "x" ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10);
        return Number.isNaN(code) ? whole : String.fromCodePoint(code);
      }
    }
  });
}

/** The heads as they are in a client's stream, wherever the stanza came from: `has` and `child` know no other. */
function inClientNamespace(children: readonly ChildHead[], content: string): readonly ChildHead[] {
  if (content !== NS_SERVER) return children;
  return children.map(({ name, xmlns }) => ({ name, xmlns: xmlns === NS_SERVER ? NS_CLIENT : xmlns }));
}

/** Prefixes of names are dissolved, so that the content is right under whichever content namespace it goes out. */
function fromTree(element: Element, from: Jid | undefined, to: Jid | undefined): Stanza {
  const { attrs } = element;
  let extra = "";
  for (const name of Object.keys(attrs)) {
    const value = attrs[name];
    if (value === undefined || value === null || SEPARATE.has(name)) continue;
    extra += ` ${name}='${escapeAttribute(String(value))}'`;
  }
  const xmlns = element.getNS() ?? NS_CLIENT;
  const children: ChildHead[] = [];
  for (const child of element.children)
    if (typeof child !== "string") children.push({ name: child.getName(), xmlns: child.getNS() ?? xmlns });
  const kind = element.getName() as StanzaKind;
  const inner = serializeChildren(element, xmlns);
  const tail = inner === "" ? "/>" : `>${inner}</${kind}>`;
  return new Stanza(
    kind,
    from,
    to,
    attrs.id,
    attrs.type,
    attrs["xml:lang"],
    extra,
    tail,
    inClientNamespace(children, xmlns),
  );
}

const SEPARATE: ReadonlySet<string> = new Set(["from", "to", "id", "type", "xml:lang", "xmlns"]);
