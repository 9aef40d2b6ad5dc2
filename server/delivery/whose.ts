// Whose a stanza is: the user's, whichever device has it, or one device's alone. RFC 6121 §8.5.3, XEP-0280.
import { isForSessionAlone, messageType } from "../../xmpp/stanza/message.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";

const NS_CARBONS = "urn:xmpp:carbons:2";

/** True for what is the user's, whichever device has it: no error, no copy of what went to another. XEP-0280. */
export function isForUser(stanza: Stanza): boolean {
  const { from, to } = stanza;
  if (stanza.kind !== "message" || stanza.type === "error" || from === undefined || to === undefined) return false;
  return from.full !== to.bare || !stanza.has(NS_CARBONS);
}

/**
 * True for what another session of the account may have instead: a headline or a room's message to a full JID is for
 * that one alone. RFC 6121 §8.5.3.2.1.
 */
export function isForAnyDevice(stanza: Stanza): boolean {
  if (!isForUser(stanza) || isForSessionAlone(stanza)) return false;
  const type = messageType(stanza);
  return type === "chat" || type === "normal" || (type === "headline" && stanza.to?.isBare === true);
}
