// What is kept of a subscription request until it is answered. RFC 6121 §3.1.3.
import type { Jid } from "../../../xmpp/jid/jid.ts";
import { presence } from "../../../xmpp/stanza/presence.ts";
import { Stanza } from "../../../xmpp/stanza/stanza.ts";

/** Bytes kept of one request. A larger one is kept without what its sender wrote: it only says who asks. */
const REQUEST_LIMIT = 3 * 1024;

/** Bytes of requests that a session is told at its start; the rest wait until some are answered. */
export const TOLD_LIMIT = 384 * 1024;

/**
 * The text to keep of a request: all of it (RFC 6121 §3.1.3), such as a nickname (XEP-0172) or the proof that goes with
 * an invitation (XEP-0379). All that wait are written to a session at once when it comes, so that what is larger than
 * its share is kept without its content.
 */
export function keptRequest(request: Stanza, contact: Jid, account: Jid): string {
  const text = request.withAddresses(contact, account).text();
  return Buffer.byteLength(text) <= REQUEST_LIMIT ? text : presence(contact, account, "subscribe", request.id).text();
}

/** A kept request as a stanza; only who asks, where it was kept larger than is kept now. */
export function requestStanza(kept: string, contact: Jid, account: Jid): Stanza {
  if (kept.length > REQUEST_LIMIT) return presence(contact, account, "subscribe");
  try {
    return Stanza.fromText(kept);
  } catch {
    // Of one that cannot be read the one thing that matters is known: who asks.
    return presence(contact, account, "subscribe");
  }
}
