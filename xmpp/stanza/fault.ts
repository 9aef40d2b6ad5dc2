// One stanza that cannot be taken as it is: it is answered alone, and its stream goes on. RFC 6120 §8.3.
import { Jid } from "../jid/jid.ts";
import type { RawElement } from "../xml/raw-element.ts";
import { Content } from "./content.ts";
import { errorReply, mayAnswerWithError } from "./error.ts";
import { iqFault } from "./iq.ts";
import { Stanza, type StanzaKind } from "./stanza.ts";

/** What is wrong with a stanza, in the words of a stanza error. */
export interface StanzaFault {
  readonly condition: "jid-malformed" | "bad-request" | "policy-violation";
  readonly text: string;
}

/** What is wrong with a stanza as it came, whoever sent it: over a bound, or an IQ that is none. RFC 6120 §8.2.3. */
export function faultOf(raw: RawElement): StanzaFault | undefined {
  if (raw.flaw !== undefined) return overBound(raw.flaw);
  const text = raw.name === "iq" ? iqFault(raw) : undefined;
  return text === undefined ? undefined : { condition: "bad-request", text };
}

/** A stanza beyond what is let through. RFC 6120 §8.3.3.12. */
export function overBound(text: string): StanzaFault {
  return { condition: "policy-violation", text };
}

/** UTF-16 units of the longest address that is written back to who wrote it. RFC 7622 §3.1. */
const LONGEST_ADDRESS = 3 * 1023 + 2;

/** The domain of an address whose other parts may be malformed; undefined where it has none. RFC 7622 §3.1. */
export function domainOfAddress(text: string): string | undefined {
  return split(text)?.domain;
}

/** True for an element that is a stanza. RFC 6120 §8.2. */
export function isStanzaKind(name: string): name is StanzaKind {
  return name === "message" || name === "presence" || name === "iq";
}

/**
 * The error that answers a stanza alone; undefined where none may. Addresses stand as they were written, since their
 * writer knows them so; `instead` is the sender where the stanza's own `to` has not even a domain.
 */
export function faultReply(raw: RawElement, { condition, text }: StanzaFault, instead: Jid): Stanza | undefined {
  if (!isStanzaKind(raw.name)) return undefined;
  const from = asWritten(raw.attr("from"));
  const to = asWritten(raw.attr("to")) ?? instead;
  const stanza = new Stanza(raw.name, from, to, new Content(raw.attr("id"), raw.attr("type"), undefined, "", "/>", []));
  if (from === undefined || !mayAnswerWithError(stanza)) return undefined;
  return errorReply(stanza, condition, { text });
}

/** An address with a good domain and whatever else it has: by older rules (RFC 6122, another Unicode) it may be one. */
function asWritten(text: string | undefined): Jid | undefined {
  const prepared = text === undefined ? undefined : Jid.tryParse(text);
  if (prepared !== undefined || text === undefined) return prepared;
  const parts = split(text);
  return parts === undefined ? undefined : Jid.prepared(parts.local, parts.domain, parts.resource);
}

function split(
  text: string,
): { readonly local: string; readonly domain: string; readonly resource: string } | undefined {
  if (text.length > LONGEST_ADDRESS) return undefined;
  const [, local = "", name = "", resource = ""] = /^(?:([^@/]*)@)?([^/]*)(?:\/(.*))?$/s.exec(text) ?? [];
  const domain = Jid.tryParse(name);
  return domain === undefined || domain.full !== domain.domain ? undefined : { local, domain: domain.domain, resource };
}
