// What a peer's stream header must be for the stream to go on, and what of it is believed. RFC 6120 §4.7, §4.8.
import { LONGEST_HEADER_VALUE, LONGEST_LANGUAGE } from "../bounds.ts";
import { NS_STREAM } from "../xml/namespaces.ts";
import type { StreamHeader } from "../xml/tokenizer.ts";
import type { StreamErrorCondition } from "./error.ts";

/** UTF-16 units of the longest address. RFC 7622 §3.1. */
const LONGEST_ADDRESS = 3 * 1023 + 2;
/** The form of every language tag. RFC 5646 §2.1. */
const LANGUAGE = /^[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*$/;

/** Why a header cannot be taken: what of it is kept, or stamped on each stanza, is bounded. */
export function headerFault(header: StreamHeader): readonly [StreamErrorCondition, string] | undefined {
  for (const address of [header.from, header.to])
    if (address !== undefined && address.length > LONGEST_ADDRESS)
      return ["improper-addressing", "no address is so long"];
  for (const value of [header.id, header.version, ...header.prefixes.values()])
    if (value !== undefined && value.length > LONGEST_HEADER_VALUE)
      return ["policy-violation", `a value of the header has more than ${LONGEST_HEADER_VALUE} characters`];
  if (header.lang !== undefined && header.lang.length > LONGEST_LANGUAGE)
    return ["policy-violation", `a language has at most ${LONGEST_LANGUAGE} characters`];
  return undefined;
}

/** The header's language, where it is a language tag. Others say none: it would be stamped on stanzas. RFC 6120 §4.7.4. */
export function languageOf({ lang }: StreamHeader): string | undefined {
  return lang !== undefined && lang.length <= LONGEST_LANGUAGE && LANGUAGE.test(lang) ? lang : undefined;
}

/**
 * True where the content of the stream may be `namespace`'s: the header declares it as the default namespace or, where
 * that is none, by a prefix. Where the default is the stream's own, each stanza declares its own: one that is of another
 * namespace is no stanza here. RFC 6120 §4.8.2, §4.8.5.
 */
export function declaresContent(header: StreamHeader, namespace: string): boolean {
  const { defaultNamespace, prefixes } = header;
  if (defaultNamespace === namespace) return true;
  if (defaultNamespace === NS_STREAM) return true;
  if (defaultNamespace !== "") return false;
  for (const declared of prefixes.values()) if (declared === namespace) return true;
  return false;
}
