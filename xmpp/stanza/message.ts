// Messages: their five types. RFC 6121 §5.2.2.
import type { Stanza } from "./stanza.ts";

export type MessageType = "chat" | "error" | "groupchat" | "headline" | "normal";

const NS_MUC_USER = "http://jabber.org/protocol/muc#user";

/** True for what a room passed on of one occupant to another: each session that is in it is sent its own. XEP-0045 §7.5. */
export function isPrivateOfRoom(stanza: Stanza): boolean {
  return stanza.from?.isBare === false && stanza.has(NS_MUC_USER, "x");
}

/**
 * True for what a room sends to one session, which is in it: no other one is to have it, and where that session is gone it
 * goes back. RFC 6121 §8.5.3.2.1, XEP-0045 §7.5.
 */
export function isForSessionAlone(stanza: Stanza): boolean {
  if (stanza.to?.isBare !== false) return false;
  const type = messageType(stanza);
  return type === "groupchat" || ((type === "chat" || type === "normal") && isPrivateOfRoom(stanza));
}

/** The type of a message; whatever is absent or unknown counts as normal. RFC 6121 §5.2.2. */
export function messageType(stanza: Stanza): MessageType {
  switch (stanza.type) {
    case "chat":
    case "error":
    case "groupchat":
    case "headline":
      return stanza.type;
    default:
      return "normal";
  }
}
