// Messages: their five types. RFC 6121 §5.2.2.
import type { Stanza } from "./stanza.ts";

export type MessageType = "chat" | "error" | "groupchat" | "headline" | "normal";

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
