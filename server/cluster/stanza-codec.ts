// Stanzas as fields of a frame and back, without a parser in between.
import { Jid } from "../jid/jid.ts";
import { arrivalOf, noteArrival } from "../stanza/arrival.ts";
import { Stanza, type StanzaKind } from "../stanza/stanza.ts";
import type { ChildHead } from "../xml/raw-element.ts";

/** Fields before the children's. */
const FIXED = 9;

/** A stanza as fields: kind, from, to, id, type, lang, extra, tail, arrival; then name and namespace of each child. */
export function stanzaFields(stanza: Stanza): string[] {
  const fields = [
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
  for (const { name, xmlns } of stanza.children) fields.push(name, xmlns);
  return fields;
}

/** The stanza of such fields. @throws JidError */
export function stanzaOfFields(fields: readonly string[]): Stanza {
  const [kind, from = "", to = "", id = "", type = "", lang = "", extra = "", tail = "/>", arrival = ""] = fields;
  const children: ChildHead[] = [];
  for (let i = FIXED; i + 1 < fields.length; i += 2)
    children.push({ name: fields[i] as string, xmlns: fields[i + 1] as string });
  const stanza = new Stanza(
    kind as StanzaKind,
    from === "" ? undefined : Jid.parse(from),
    to === "" ? undefined : Jid.parse(to),
    given(id),
    given(type),
    given(lang),
    extra,
    tail,
    children,
  );
  if (arrival !== "") noteArrival(stanza, Number(arrival));
  return stanza;
}

/** An attribute may be there and empty. */
function optional(text: string | undefined): string {
  return text === undefined ? "" : `=${text}`;
}

function given(field: string): string | undefined {
  return field === "" ? undefined : field.slice(1);
}
