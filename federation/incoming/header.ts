// What an incoming stream's header claims, and what speaks against it. RFC 6120 §4.7, §4.9.3.

import { Jid } from "../../xmpp/jid/jid.ts";
import type { StreamErrorCondition } from "../../xmpp/stream/error.ts";
import { declaresContent } from "../../xmpp/stream/received-header.ts";
import { NS_SERVER } from "../../xmpp/xml/namespaces.ts";
import type { StreamHeader } from "../../xmpp/xml/tokenizer.ts";
import type { FederationContext } from "../way/context.ts";

/** Domains that a header names, prepared where they are any, else as they were written. */
export interface Claimed {
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** Why a stream ends at its header. */
export interface HeaderFault {
  readonly condition: StreamErrorCondition;
  readonly text: string;
}

/** What the header names, as far as it can be told. */
export function claimedBy(header: StreamHeader): Claimed {
  return { from: domainOr(header.from), to: domainOr(header.to) };
}

function domainOr(text: string | undefined): string | undefined {
  return text === undefined ? undefined : (Jid.tryParse(text)?.full ?? text.slice(0, 255));
}

/** What is wrong with a header; `before` is what an earlier one of the same stream said. */
export function headerFault(
  context: FederationContext,
  header: StreamHeader,
  before: Claimed,
): HeaderFault | undefined {
  const { from, to } = claimedBy(header);
  const isJid = (text: string | undefined) => text !== undefined && Jid.tryParse(text) !== undefined;
  if (!declaresContent(header, NS_SERVER))
    return fault("invalid-namespace", `the namespace of streams between servers is ${NS_SERVER}`);
  if (from !== undefined && !isJid(header.from)) return fault("improper-addressing", "`from` is no JID");
  if (to === undefined || !isJid(header.to)) return fault("improper-addressing", "the stream header needs a `to`");
  if (!context.inbound.serves(to)) return fault("host-unknown", `${to.slice(0, 255)} is not served here`);
  if (before.to !== undefined && before.to !== to) return fault("host-unknown", "`to` may not change");
  if (before.from !== undefined && from !== undefined && before.from !== from)
    return fault("invalid-from", "`from` may not change");
  if (from !== undefined && context.inbound.serves(from)) return fault("invalid-from", "that is us");
  return undefined;
}

function fault(condition: StreamErrorCondition, text: string): HeaderFault {
  return { condition, text };
}
