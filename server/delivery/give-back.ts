// Gives stanzas back to their senders: the one place where an error that answers a stanza is made. RFC 6120 §8.3.1.
import {
  type ErrorDetails,
  errorReply,
  mayAnswerWithError,
  type StanzaErrorCondition,
} from "../../xmpp/stanza/error.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { DeliveryHost } from "../ports/host.ts";
import { deliverPastStages } from "./to-account.ts";
import { givesBack } from "./waiting-errors.ts";

/** The ways by which an answer can go. */
export interface Ways {
  readonly hosts: { get(domain: string): DeliveryHost | undefined };
  route(stanza: Stanza): void | Promise<void>;
}

/**
 * Gives a stanza back to its sender with an error, where that is allowed (RFC 6120 §8.3.1). A session of ours gets it
 * past every stage: what made a stanza fail could make its error fail, and then nobody would own either. Who waits
 * for the stanza's safety waits until the session has taken the error.
 */
export function giveBack(
  ways: Ways,
  stanza: Stanza,
  condition: StanzaErrorCondition,
  details: ErrorDetails,
): void | Promise<void> {
  const { from } = stanza;
  if (from === undefined || !mayAnswerWithError(stanza)) return stanza.safety?.became("dropped: RFC 6120 §8.3.1");
  const reply = errorReply(stanza, condition, details);
  const host = from.local === "" ? undefined : ways.hosts.get(from.domain);
  // What its carrier has taken is its carrier's; presence is told anew, and some stages live on its errors.
  if (host === undefined || stanza.kind === "presence") {
    stanza.safety?.became("given back");
    return ways.route(reply);
  }
  givesBack(reply, stanza.safety?.whole);
  return deliverPastStages(host, reply);
}
