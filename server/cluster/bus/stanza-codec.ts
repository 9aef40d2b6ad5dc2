// Stanzas as fields of a frame and back, without a parser in between.

import { Jid } from "../../../xmpp/jid/jid.ts";
import { arrivalOf, noteArrival } from "../../../xmpp/stanza/arrival.ts";
import { Content } from "../../../xmpp/stanza/content.ts";
import { Stanza, type StanzaKind } from "../../../xmpp/stanza/stanza.ts";
import type { ChildHead } from "../../../xmpp/xml/raw-element.ts";
import { takersKey } from "../../delivery/takers.ts";
import { givesBack, isGivenBack } from "../../delivery/waiting-errors.ts";

/** Fields before the children's. */
const FIXED = 9;

/** A stanza as fields: kind, from, to, id, type, lang, extra, tail, arrival; then name and namespace of each child, and who else takes it, or that it gives back. All of it behind `before`. */
export function stanzaFields(stanza: Stanza, ...before: readonly string[]): string[] {
  const fields = [
    ...before,
    stanza.kind,
    stanza.from?.full ?? "",
    stanza.to?.full ?? "",
    optional(stanza.id),
    optional(stanza.type),
    optional(stanza.lang),
    stanza.extra,
    stanza.tail,
    String(arrivalOf(stanza) ?? ""),
  ];
  const seen: Seen = { places: undefined };
  for (const { name, xmlns } of stanza.children) fields.push(name, namespaceField(seen, xmlns));
  // One more than pairs: a node that does not know of it passes over it.
  const besides = besidesOf(stanza);
  if (besides !== undefined) fields.push(besides);
  return fields;
}

/** Who else takes it; "" where it gives back, undefined where there is nothing to tell. */
export function besidesOf(stanza: Stanza): string | undefined {
  if (isGivenBack(stanza)) return "";
  // No resource has a line's end in it. RFC 7622 §3.4.
  return stanza.note(takersKey)?.join("\n");
}

/** Notes what `besidesOf` told. */
export function noteBesides(stanza: Stanza, besides: string | undefined): void {
  if (besides === "" && stanza.type === "error") givesBack(stanza, undefined);
  else if (besides !== undefined) stanza.setNote(takersKey, besides.split("\n"));
}

/** The stanza of such fields. @throws JidError */
export function stanzaOfFields(fields: readonly string[]): Stanza {
  const [kind, from = "", to = "", id = "", type = "", lang = "", extra = "", tail = "/>", arrival = ""] = fields;
  const children: ChildHead[] = [];
  const namespaces: string[] = [];
  for (let i = FIXED; i + 1 < fields.length; i += 2)
    children.push({ name: fields[i] as string, xmlns: namespaceOf(namespaces, fields[i + 1] as string) });
  const stanza = new Stanza(
    kind as StanzaKind,
    from === "" ? undefined : Jid.parse(from),
    to === "" ? undefined : Jid.parse(to),
    new Content(given(id), given(type), given(lang), extra, tail, children),
  );
  if (arrival !== "") noteArrival(stanza, Number(arrival));
  noteBesides(stanza, (fields.length - FIXED) % 2 === 1 ? fields.at(-1) : undefined);
  return stanza;
}

/** UTF-16 units from which on a namespace is written once, and then by its place: hardly one is so long and repeated. */
const LONG = 32;
/** Before a place; no namespace has it, since XML 1.0 does not. */
const PLACE = "\u0001";

/** Places of the long ones so far. */
interface Seen {
  places: Map<string, number> | undefined;
}

/** One declaration may hold for thousands of children: written with each, a small stanza would be a frame of gigabytes. */
function namespaceField(seen: Seen, xmlns: string): string {
  if (xmlns.length < LONG) return xmlns;
  seen.places ??= new Map();
  const place = seen.places.get(xmlns);
  if (place !== undefined) return `${PLACE}${place}`;
  seen.places.set(xmlns, seen.places.size);
  return xmlns;
}

function namespaceOf(namespaces: string[], field: string): string {
  if (field.startsWith(PLACE)) return namespaces[Number(field.slice(PLACE.length))] ?? "";
  if (field.length >= LONG) namespaces.push(field);
  return field;
}

/** An attribute may be there and empty. */
function optional(text: string | undefined): string {
  return text === undefined ? "" : `=${text}`;
}

function given(field: string): string | undefined {
  return field === "" ? undefined : field.slice(1);
}
