// Stanzas for sessions as the text that their clients get, which no member on the way writes or reads anew.
import { arrivalOf, noteArrival } from "../../../xmpp/stanza/arrival.ts";
import { stanzaOfOwnText } from "../../../xmpp/stanza/own-text.ts";
import type { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { NS_CLIENT } from "../../../xmpp/xml/namespaces.ts";
import type { ChildHead } from "../../../xmpp/xml/raw-element.ts";
import { unshared } from "../../../xmpp/xml/unshared.ts";
import { besidesOf, noteBesides } from "./stanza-codec.ts";

/** Fields: for which session where that is not the stanza's `to`, arrival, children, text; then, where there is any, what is told besides. */
const FIELDS = 4;

/** Children, and UTF-16 units of the namespace of each, up to which their heads are written beside the text. */
const CHILDREN_LIMIT = 16;
const NAMESPACE_LIMIT = 256;

/** Between two children; XML 1.0 has no such character. */
const BETWEEN = "\u0001";

/** A stanza for a session as a few fields; undefined for one of many children, which its own fields are shorter for. */
export function textFields(stanza: Stanza, session: string): string[] | undefined {
  const children = headsText(stanza.children);
  if (children === undefined) return undefined;
  const address = stanza.to?.full === session ? "" : session;
  const fields = [address, String(arrivalOf(stanza) ?? ""), children, stanza.text()];
  const besides = besidesOf(stanza);
  if (besides !== undefined) fields.push(besides);
  return fields;
}

/** True for what `textFields` made: fields of a stanza's own are more. */
export function areTextFields(fields: readonly string[]): boolean {
  return fields.length <= FIELDS + 1;
}

/** The stanza of such fields; for whom it is where the first one is empty says its `to`. @throws JidError, Error */
export function stanzaOfTextFields(fields: readonly string[]): Stanza {
  const [, arrival = "", children = "", text = "", besides] = fields;
  const stanza = stanzaOfOwnText(text, headsOf(children));
  if (arrival !== "") noteArrival(stanza, Number(arrival));
  noteBesides(stanza, besides);
  return stanza;
}

/** Name and namespace of each child; a client's own namespace, which most have, is left out. */
function headsText(children: readonly ChildHead[]): string | undefined {
  if (children.length > CHILDREN_LIMIT) return undefined;
  let text = "";
  for (let i = 0; i < children.length; i++) {
    const { name, xmlns } = children[i] as ChildHead;
    if (xmlns.length > NAMESPACE_LIMIT) return undefined;
    if (i > 0) text += BETWEEN;
    text += xmlns === NS_CLIENT ? name : `${name} ${xmlns}`;
  }
  return text;
}

/** Heads that were read lately: a few kinds of messages are nearly all there are. */
const RECENT = 8;
const recent: { readonly text: string; readonly heads: readonly ChildHead[] }[] = [];
let oldest = 0;

function headsOf(text: string): readonly ChildHead[] {
  if (text === "") return [];
  for (const known of recent) if (known.text === text) return known.heads;
  const own = unshared(text);
  const heads = own.split(BETWEEN).map(headOf);
  recent[oldest] = { text: own, heads };
  oldest = (oldest + 1) % RECENT;
  return heads;
}

function headOf(text: string): ChildHead {
  const space = text.indexOf(" ");
  if (space === -1) return { name: text, xmlns: NS_CLIENT };
  return { name: text.slice(0, space), xmlns: text.slice(space + 1) };
}
