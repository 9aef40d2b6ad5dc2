// Stanzas: immutable, kept as text, a tree only for who asks. RFC 6120 §8.
import type { Element } from "ltx";
import { ADDED, FROM_SERVERS } from "../bounds.ts";
import { Jid } from "../jid/jid.ts";
import { escapeAttribute } from "../xml/escape.ts";
import { isContentNamespace, NS_CLIENT } from "../xml/namespaces.ts";
import { type ChildHead, RawElement } from "../xml/raw-element.ts";
import { furtherAttributes, serializeChildren } from "../xml/serialize.ts";
import { parseOwn } from "../xml/tree.ts";
import { unshared } from "../xml/unshared.ts";
import { Content, inClientNamespace } from "./content.ts";
import type { NoteKey } from "./note-key.ts";
import type { Safety } from "./safety.ts";

export { NoteKey } from "./note-key.ts";

/** The three kinds. RFC 6120 §8.2. */
export type StanzaKind = "message" | "presence" | "iq";

/**
 * One stanza. Its content (`tail`) goes from reader to writer as text; `to`, `from`, `id`, `type` and `xml:lang` are
 * apart, so that stamping a `from` copies nothing.
 */
export class Stanza {
  private tree: Element | undefined;
  private startTag: string | undefined;
  private readonly content: Content;
  private detached = false;
  /** Its text, where the content is a part of that. */
  private whole: string | undefined;
  private noteMap: Map<NoteKey<unknown>, unknown> | undefined;
  /** Where somebody waits for the stanza to be safe: whoever keeps it holds this. */
  safety: Safety | undefined;
  /** When it reached its account, ms since the epoch, once that matters (see `noteArrival`). XEP-0203. */
  arrival: number | undefined;
  /** Why it may go nowhere: whoever took it from a stream refuses it (RFC 6120 §8.3.3.12), and nobody else sees it. */
  flaw: string | undefined;

  readonly kind: StanzaKind;
  readonly to: Jid | undefined;
  private sender: Jid | undefined;
  /** Its `from` as text, until somebody asks for it. */
  private unread: string | undefined;

  constructor(kind: StanzaKind, from: Jid | undefined, to: Jid | undefined, content: Content) {
    this.kind = kind;
    this.sender = from;
    this.to = to;
    this.content = content;
  }

  /** @throws JidError only where what `written` was given is none */
  get from(): Jid | undefined {
    if (this.unread === undefined) return this.sender;
    this.sender = Jid.parse(this.unread);
    this.unread = undefined;
    return this.sender;
  }

  get id(): string | undefined {
    return this.content.id;
  }

  /** As written; undefined where absent. For messages see `messageType`. */
  get type(): string | undefined {
    return this.content.type;
  }

  get lang(): string | undefined {
    return this.content.lang;
  }

  /** Any further attributes (prefixed ones, namespace declarations) as text, each with a space before it. */
  get extra(): string {
    return this.content.extra;
  }

  /** Text from the end of the start tag on: `>…</message>` or `/>`. */
  get tail(): string {
    return this.content.tail;
  }

  /** Heads of the direct children, in order. */
  get children(): readonly ChildHead[] {
    return this.content.children;
  }

  /** Takes a tree; content in the client or server namespace counts as the stream's own. @throws JidError */
  static fromElement(element: Element, from?: Jid, to?: Jid): Stanza {
    const { attrs } = element;
    return fromTree(
      element,
      from ?? (attrs.from === undefined ? undefined : Jid.parse(attrs.from)),
      to ?? (attrs.to === undefined ? undefined : Jid.parse(attrs.to)),
      undefined,
      Number.POSITIVE_INFINITY,
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
      undefined,
      Number.POSITIVE_INFINITY,
    );
  }

  /**
   * Takes what the tokenizer found, with addresses already checked. `streamLang` holds where it names no language itself
   * (RFC 6120 §4.7.4). One that has a flaw, or would be written in more than `most` bytes, is a stanza with a flaw.
   */
  static fromRaw(
    raw: RawElement,
    from: Jid | undefined,
    to: Jid | undefined,
    streamLang?: string,
    most = FROM_SERVERS.bytes + ADDED.bytes,
  ): Stanza {
    const stanza = raw.verbatim
      ? verbatim(raw, from, to, streamLang)
      : fromTree(raw.toElement(), from, to, streamLang, most);
    if (raw.flaw !== undefined) stanza.flaw = raw.flaw;
    // A UTF-16 unit is at most 3 bytes, so that counting is seldom needed.
    else if (stanza.size * 3 > most && (stanza.size > most || Buffer.byteLength(stanza.text()) > most))
      stanza.flaw = TOO_LONG;
    return stanza;
  }

  /**
   * The text to write on a TCP stream of either content namespace. Joined anew each time, which copies nothing: joined
   * and kept, its content would be in memory twice once somebody has written it.
   */
  text(): string {
    return this.whole ?? this.head + this.tail;
  }

  /** Its text is known, its content a part of that: nothing is written anew, and its `from` read once it is asked for. */
  written(text: string, from: string | undefined): this {
    this.whole = text;
    this.unread = from;
    return this;
  }

  /** The text to write in one WebSocket frame. RFC 7395 §3.3.3. */
  framed(): string {
    return `<${this.kind} xmlns='${NS_CLIENT}'${this.head.slice(this.kind.length + 1)}${this.tail}`;
  }

  /** UTF-16 units of the whole stanza as it is kept and written: what bounds on kept stanzas count. */
  get size(): number {
    return this.head.length + this.tail.length;
  }

  /** It is kept for more than a moment: nothing is that came with it, or can be made of its text, which is one for all. */
  detach(): void {
    if (this.detached) return;
    this.detached = true;
    this.tree = undefined;
    if (this.unread !== undefined) this.unread = unshared(this.unread);
    this.startTag = unshared(this.head);
    this.whole = this.content.detach(this.startTag);
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
    return this.content.has(xmlns, name);
  }

  /** The tree of the first direct child of that namespace and name; undefined without building a tree if absent. */
  child(xmlns: string, name: string): Element | undefined {
    return this.has(xmlns, name) ? this.element().getChild(name, xmlns) : undefined;
  }

  /** The same stanza with other addresses; notes are kept. */
  withAddresses(from: Jid | undefined, to: Jid | undefined): Stanza {
    const copy = new Stanza(this.kind, from, to, this.content);
    copy.noteMap = this.noteMap;
    copy.safety = this.safety;
    copy.arrival = this.arrival;
    return copy;
  }

  /** True where the other one is this one for somebody else: its content is the very same, and so is who sent it. */
  differsOnlyInTo(other: Stanza): boolean {
    return this.content === other.content && this.kind === other.kind && this.from?.full === other.from?.full;
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

  /** The start tag without its end. */
  private get head(): string {
    if (this.startTag !== undefined) return this.startTag;
    if (this.whole !== undefined) return this.whole.slice(0, this.whole.length - this.tail.length);
    let head = `<${this.kind}`;
    if (this.from !== undefined) head += this.from.from;
    if (this.to !== undefined) head += this.to.to;
    this.startTag = head + this.content.attributes();
    return this.startTag;
  }

  private attributeList(): string[] {
    const list: string[] = [];
    if (this.from !== undefined) list.push("from", this.from.full);
    if (this.to !== undefined) list.push("to", this.to.full);
    return [...list, ...this.content.attributeList()];
  }
}

const TOO_LONG = "too long once it is written";

/** The stanza whose content goes on as the text it came as. */
function verbatim(raw: RawElement, from: Jid | undefined, to: Jid | undefined, streamLang: string | undefined): Stanza {
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
    new Content(id, type, lang ?? streamLang, extra, raw.tail, inClientNamespace(raw.children, raw.xmlns)),
  );
}

/** Prefixes of names are dissolved, so that the content is right under whichever content namespace it goes out. */
function fromTree(
  element: Element,
  from: Jid | undefined,
  to: Jid | undefined,
  streamLang: string | undefined,
  most: number,
): Stanza {
  const { attrs } = element;
  const extra = furtherAttributes(element, SEPARATE);
  const xmlns = element.getNS() ?? NS_CLIENT;
  const content = isContentNamespace(xmlns) ? NS_CLIENT : xmlns;
  const children: ChildHead[] = [];
  for (const child of element.children)
    if (typeof child !== "string") {
      const namespace = child.getNS() ?? xmlns;
      children.push({ name: child.getName(), xmlns: isContentNamespace(namespace) ? NS_CLIENT : namespace });
    }
  const kind = element.getName() as StanzaKind;
  const room = { left: most };
  const inner = serializeChildren(element, content, room);
  const tail = inner === "" ? "/>" : `>${inner}</${kind}>`;
  const lang = attrs["xml:lang"] ?? streamLang;
  const stanza = new Stanza(kind, from, to, new Content(attrs.id, attrs.type, lang, extra, tail, children));
  if (room.left < 0) stanza.flaw = TOO_LONG;
  return stanza;
}

const SEPARATE: ReadonlySet<string> = new Set(["from", "to", "id", "type", "xml:lang", "xmlns"]);
