// Says of a message that it comes late, and when it was taken. XEP-0203.

import { escapeAttribute } from "../xml/escape.ts";
import { NS_DELAY } from "../xml/namespaces.ts";
import { noteArrival } from "./arrival.ts";
import { Content } from "./content.ts";
import { Stanza } from "./stanza.ts";

/**
 * The message with the time at which `domain`, a host of ours, took it (ms since the epoch); itself where it says so
 * already. Notes are not kept but its arrival: it goes on as a message of its own.
 */
export function withDelay(stanza: Stanza, domain: string, at: number): Stanza {
  const { kind, from, to, id, type, lang, extra, tail, children } = stanza;
  const start = `<delay xmlns='${NS_DELAY}' from='${escapeAttribute(domain)}' stamp='`;
  const said = children.at(-1)?.xmlns === NS_DELAY && tail.startsWith(start, tail.lastIndexOf("<delay"));
  // The end tag as its sender wrote it may hold white space: `</message >`.
  const content = tail === "/>" ? ">" : tail.slice(0, tail.lastIndexOf("</"));
  const stamped = said ? tail : `${content}${start}${new Date(at).toISOString()}'/></${kind}>`;
  const heads = said ? children : [...children, { name: "delay", xmlns: NS_DELAY }];
  const copy = new Stanza(kind, from, to, new Content(id, type, lang, extra, stamped, heads));
  copy.safety = stanza.safety;
  noteArrival(copy, at);
  return copy;
}
