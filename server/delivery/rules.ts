// What becomes of a message, by its type and by what the account has connected. RFC 6121 §8.5.4, table 1.
import type { MessageType } from "../../xmpp/stanza/message.ts";

/** Whom a message to an account of ours finds. A full JID that matches a session is delivered and needs no rule. */
export type Situation =
  /** To the bare JID, and no resource is available, or only ones of negative priority. */
  | "bare, none"
  /** To the bare JID, and a resource of non-negative priority is available. */
  | "bare, some"
  /** To a full JID without a session, and no resource of non-negative priority is available. */
  | "full unmatched, none"
  /** To a full JID without a session, and a resource of non-negative priority is available. */
  | "full unmatched, some";

/** What to do. */
export type Action =
  /** To the resources of the highest priority. */
  | "most available"
  /** To every resource of non-negative priority. */
  | "all"
  /** Keep it for later. XEP-0160. */
  | "offline"
  /** Return `service-unavailable`. */
  | "error"
  | "ignore";

/** RFC 6121 §8.5.4; where it leaves a choice between silence and an error, headlines are ignored and others returned. */
export const MESSAGE_RULES: Readonly<Record<Situation, Readonly<Record<MessageType, Action>>>> = {
  "bare, none": { normal: "offline", chat: "offline", groupchat: "error", headline: "ignore", error: "ignore" },
  "bare, some": {
    normal: "most available",
    chat: "most available",
    groupchat: "error",
    headline: "all",
    error: "ignore",
  },
  "full unmatched, none": { normal: "error", chat: "offline", groupchat: "error", headline: "ignore", error: "ignore" },
  "full unmatched, some": {
    normal: "error",
    chat: "most available",
    groupchat: "error",
    headline: "ignore",
    error: "ignore",
  },
};
