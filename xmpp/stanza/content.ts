// What a stanza says beside its addresses: one for all that go out with it, to whomever.
import { escapeAttribute } from "../xml/escape.ts";
import { isContentNamespace, NS_CLIENT } from "../xml/namespaces.ts";
import type { ChildHead } from "../xml/raw-element.ts";
import { decodeValue } from "../xml/references.ts";
import { unshared } from "../xml/unshared.ts";

/**
 * The content of a stanza (see there for each field). Its texts are slices of what was read with it (up to 64 KiB, with
 * stanzas for others), and V8 keeps all of that while one slice is there: nothing for a stanza that goes on at once, much
 * for one that waits.
 */
export class Content {
  id: string | undefined;
  type: string | undefined;
  lang: string | undefined;
  extra: string;
  tail: string;
  readonly children: readonly ChildHead[];
  private own = false;

  constructor(
    id: string | undefined,
    type: string | undefined,
    lang: string | undefined,
    extra: string,
    tail: string,
    children: readonly ChildHead[],
  ) {
    this.id = id;
    this.type = type;
    this.lang = lang;
    this.extra = extra;
    this.tail = tail;
    this.children = children;
  }

  /** Its attributes as text, each with a space before it. */
  attributes(): string {
    let text = "";
    if (this.id !== undefined) text += ` id='${escapeAttribute(this.id)}'`;
    if (this.type !== undefined) text += ` type='${escapeAttribute(this.type)}'`;
    if (this.lang !== undefined) text += ` xml:lang='${escapeAttribute(this.lang)}'`;
    return text + this.extra;
  }

  /** Name, decoded value, name, decoded value… */
  attributeList(): string[] {
    const list: string[] = [];
    if (this.id !== undefined) list.push("id", this.id);
    if (this.type !== undefined) list.push("type", this.type);
    if (this.lang !== undefined) list.push("xml:lang", this.lang);
    // Namespace declarations of the root matter to the content; take them from their text.
    for (const [, name, value] of this.extra.matchAll(/ ([^\s=]+)='([^']*)'/g))
      list.push(name as string, decodeValue(value as string));
    return list;
  }

  /** True where a direct child has this namespace (and name). */
  has(xmlns: string, name?: string): boolean {
    for (const child of this.children)
      if (child.xmlns === xmlns && (name === undefined || child.name === name)) return true;
    return false;
  }

  /**
   * Its texts are its own from now on: what was read with it is not kept by them. Returns the whole text of the stanza
   * that has this `head`, of which the content is a part now; undefined where it is a part of another one's.
   */
  detach(head: string): string | undefined {
    if (this.own) return undefined;
    this.own = true;
    this.id = own(this.id);
    this.type = own(this.type);
    this.lang = own(this.lang);
    this.extra = unshared(this.extra);
    const whole = unshared(head + this.tail);
    this.tail = whole.slice(head.length);
    return whole;
  }
}

function own(text: string | undefined): string | undefined {
  return text === undefined ? undefined : unshared(text);
}

/** The heads as they are in a client's stream, wherever the stanza came from: `has` knows no other. */
export function inClientNamespace(children: readonly ChildHead[], content: string): readonly ChildHead[] {
  if (content === NS_CLIENT || !isContentNamespace(content)) return children;
  return children.map((child) => (child.xmlns === content ? { name: child.name, xmlns: NS_CLIENT } : child));
}
