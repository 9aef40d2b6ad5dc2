// Which messages are copied to an account's other devices: the rules of XEP-0280 §6.1 as a table.
import { isPrivateOfRoom, messageType } from "../../../xmpp/stanza/message.ts";
import type { Stanza } from "../../../xmpp/stanza/stanza.ts";

/** Namespace of carbons. */
export const NS_CARBONS = "urn:xmpp:carbons:2";
const NS_HINTS = "urn:xmpp:hints";
const NS_MUC_USER = "http://jabber.org/protocol/muc#user";
const NS_DIRECT_INVITATION = "jabber:x:conference";
/** What instant messaging carries besides words: receipts, chat states, markers. XEP-0184, XEP-0085, XEP-0333. */
const MESSAGING = ["urn:xmpp:receipts", "http://jabber.org/protocol/chatstates", "urn:xmpp:chat-markers:0"];

/** A decision, and the rule it came from. */
export interface Eligibility {
  readonly copy: boolean;
  readonly reason: string;
}

/** A message as the rules see it. */
export interface Candidate {
  readonly stanza: Stanza;
  readonly direction: "sent" | "received";
  /** True where the account is in the room that the message comes from, or wrote to it. */
  readonly fromRoom: boolean;
}

interface Rule extends Eligibility {
  holds(candidate: Candidate): boolean;
}

const typed = (type: string) => (candidate: Candidate) => messageType(candidate.stanza) === type;

/** The first rule that holds decides. */
const RULES: readonly Rule[] = [
  { copy: false, reason: "private, or a copy itself", holds: ({ stanza }) => stanza.has(NS_CARBONS) },
  // Hints in an error are the original's. XEP-0334 §5.
  {
    copy: false,
    reason: "its sender wants no copies",
    holds: (candidate) => !typed("error")(candidate) && candidate.stanza.has(NS_HINTS, "no-copy"),
  },
  { copy: false, reason: "a room tells each device itself", holds: typed("groupchat") },
  { copy: false, reason: "headlines are for whom they reach", holds: typed("headline") },
  {
    copy: false,
    reason: "errors come, they are not sent",
    holds: (candidate) => typed("error")(candidate) && candidate.direction === "sent",
  },
  {
    copy: false,
    reason: "an error of a room",
    holds: (candidate) => typed("error")(candidate) && candidate.fromRoom,
  },
  { copy: true, reason: "an error that answers a message", holds: typed("error") },
  {
    copy: false,
    reason: "a room sends its private messages to each device",
    holds: ({ stanza, direction }) => direction === "received" && isPrivateOfRoom(stanza),
  },
  { copy: true, reason: "chat", holds: typed("chat") },
  { copy: true, reason: "a message with words", holds: ({ stanza }) => stanza.has("jabber:client", "body") },
  { copy: true, reason: "part of a conversation", holds: ({ stanza }) => MESSAGING.some((xmlns) => stanza.has(xmlns)) },
  { copy: true, reason: "an invitation", holds: ({ stanza }) => stanza.has(NS_DIRECT_INVITATION, "x") },
  {
    copy: true,
    reason: "an invitation by a room",
    holds: ({ stanza }) => stanza.child(NS_MUC_USER, "x")?.getChild("invite", NS_MUC_USER) !== undefined,
  },
];

const OTHERWISE: Eligibility = { copy: false, reason: "no part of a conversation" };

/** Whether a message is worth a copy, and why. XEP-0280 §6.1. */
export function eligibility(candidate: Candidate): Eligibility {
  return RULES.find((rule) => rule.holds(candidate)) ?? OTHERWISE;
}
