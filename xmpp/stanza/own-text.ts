// A stanza from the text that this server wrote of it: its start tag is read, and what follows goes on as it is.
import { Jid } from "../jid/jid.ts";
import type { ChildHead } from "../xml/raw-element.ts";
import { decodeValue } from "../xml/references.ts";
import { Content } from "./content.ts";
import { Stanza, type StanzaKind } from "./stanza.ts";

/**
 * Takes what `text()` of a stanza answered, and the heads of its children, which that does not tell without a parser. The
 * same text is written again as long as its addresses stay. @throws JidError, Error for what `text()` never answers
 */
export function stanzaOfOwnText(text: string, children: readonly ChildHead[]): Stanza {
  const kind = kindOf(text);
  const tag = new StartTag(text, kind.length + 1);
  // In the order in which they are written.
  const from = tag.take(" from='");
  const to = tag.take(" to='");
  const id = tag.take(" id='");
  const type = knownType(tag.take(" type='"));
  const lang = tag.take(" xml:lang='");
  const end = tag.end();
  const content = new Content(id, type, lang, text.slice(tag.at, end), text.slice(end), children);
  return new Stanza(kind, undefined, to === undefined ? undefined : Jid.parse(to), content).written(text, from);
}

/** A start tag as it is read. */
class StartTag {
  /** Where the rest begins. */
  at: number;
  private readonly text: string;

  constructor(text: string, at: number) {
    this.text = text;
    this.at = at;
  }

  /** The decoded value of an attribute, where that is next: `before` is what is written in front of it. */
  take(before: string): string | undefined {
    const { text, at } = this;
    if (!text.startsWith(before, at)) return undefined;
    const first = at + before.length;
    const last = found(text.indexOf("'", first));
    this.at = last + 1;
    const value = text.slice(first, last);
    return value.includes("&") ? decodeValue(value) : value;
  }

  /** Where the content begins: no value has its sign unescaped. */
  end(): number {
    const sign = found(this.text.indexOf(">", this.at));
    return this.text.charCodeAt(sign - 1) === SLASH ? sign - 1 : sign;
  }
}

const SLASH = 47;

function found(place: number): number {
  if (place === -1) throw new Error("no text of a stanza");
  return place;
}

/** One text for each kind, and for each type that is asked for everywhere: comparing them is cheap then. */
const KINDS: readonly StanzaKind[] = ["message", "presence", "iq"];
const TYPES = ["chat", "groupchat", "normal", "headline", "error", "unavailable", "get", "set", "result"];

function kindOf(text: string): StanzaKind {
  for (const kind of KINDS) if (text.startsWith(kind, 1)) return kind;
  throw new Error(`no stanza: ${text.slice(0, 64)}`);
}

function knownType(type: string | undefined): string | undefined {
  if (type === undefined) return undefined;
  for (const known of TYPES) if (known === type) return known;
  return type;
}
