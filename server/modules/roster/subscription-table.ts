// The subscription state machine as data: RFC 6121 appendix A, tables 1 to 8.
import type { SubscriptionType } from "../../../xmpp/stanza/presence.ts";

/** The nine states of RFC 6121 appendix A.1. */
export type SubscriptionState =
  | "None"
  | "None + Pending Out"
  | "None + Pending In"
  | "None + Pending Out+In"
  | "To"
  | "To + Pending In"
  | "From"
  | "From + Pending Out"
  | "Both";

/** What a stanza does in a state: whether it goes on (routed or delivered), and the state after it. */
export interface Transition {
  readonly passes: boolean;
  readonly next: SubscriptionState;
}

type Table = Readonly<Record<SubscriptionType, Readonly<Record<SubscriptionState, Transition>>>>;

const on = (next: SubscriptionState): Transition => ({ passes: true, next });
const stop = (next: SubscriptionState): Transition => ({ passes: false, next });

/** Stanzas the user sends. RFC 6121 §A.2. */
export const OUTBOUND: Table = {
  subscribe: {
    None: on("None + Pending Out"),
    "None + Pending Out": on("None + Pending Out"),
    "None + Pending In": on("None + Pending Out+In"),
    "None + Pending Out+In": on("None + Pending Out+In"),
    To: on("To"),
    "To + Pending In": on("To + Pending In"),
    From: on("From + Pending Out"),
    "From + Pending Out": on("From + Pending Out"),
    Both: on("Both"),
  },
  unsubscribe: {
    None: on("None"),
    "None + Pending Out": on("None"),
    "None + Pending In": on("None + Pending In"),
    "None + Pending Out+In": on("None + Pending In"),
    To: on("None"),
    "To + Pending In": on("None + Pending In"),
    From: on("From"),
    "From + Pending Out": on("From"),
    Both: on("From"),
  },
  subscribed: {
    None: stop("None"),
    "None + Pending Out": stop("None + Pending Out"),
    "None + Pending In": on("From"),
    "None + Pending Out+In": on("From + Pending Out"),
    To: stop("To"),
    "To + Pending In": on("Both"),
    From: stop("From"),
    "From + Pending Out": stop("From + Pending Out"),
    Both: stop("Both"),
  },
  unsubscribed: {
    None: stop("None"),
    "None + Pending Out": stop("None + Pending Out"),
    "None + Pending In": on("None"),
    "None + Pending Out+In": on("None + Pending Out"),
    To: stop("To"),
    "To + Pending In": on("To"),
    From: on("None"),
    "From + Pending Out": on("None + Pending Out"),
    Both: on("To"),
  },
};

/** Stanzas a contact sends. RFC 6121 §A.3. */
export const INBOUND: Table = {
  subscribe: {
    None: on("None + Pending In"),
    "None + Pending Out": on("None + Pending Out+In"),
    "None + Pending In": stop("None + Pending In"),
    "None + Pending Out+In": stop("None + Pending Out+In"),
    To: on("To + Pending In"),
    "To + Pending In": stop("To + Pending In"),
    From: stop("From"),
    "From + Pending Out": stop("From + Pending Out"),
    Both: stop("Both"),
  },
  unsubscribe: {
    None: stop("None"),
    "None + Pending Out": stop("None + Pending Out"),
    "None + Pending In": on("None"),
    "None + Pending Out+In": on("None + Pending Out"),
    To: stop("To"),
    "To + Pending In": on("To"),
    From: on("None"),
    "From + Pending Out": on("None + Pending Out"),
    Both: on("To"),
  },
  subscribed: {
    None: stop("None"),
    "None + Pending Out": on("To"),
    "None + Pending In": stop("None + Pending In"),
    "None + Pending Out+In": on("To + Pending In"),
    To: stop("To"),
    "To + Pending In": stop("To + Pending In"),
    From: stop("From"),
    "From + Pending Out": on("Both"),
    Both: stop("Both"),
  },
  unsubscribed: {
    None: stop("None"),
    "None + Pending Out": on("None"),
    "None + Pending In": stop("None + Pending In"),
    "None + Pending Out+In": on("None + Pending In"),
    To: on("None"),
    "To + Pending In": on("None + Pending In"),
    From: stop("From"),
    "From + Pending Out": on("From"),
    Both: on("From"),
  },
};
