// Where unacknowledged stanzas of a session go when it is over. XEP-0198 §6, XEP-0160.
import { inBackground } from "../../router/background.ts";
import { mayAnswerWithError } from "../../stanza/error.ts";
import { messageType } from "../../stanza/message.ts";
import type { Stanza } from "../../stanza/stanza.ts";
import type { C2sSession } from "../session.ts";

/**
 * Messages go to another resource or the offline store, requests are answered with an error, presence and answers are
 * dropped: the session they told something is gone.
 */
export function reroute(session: C2sSession, stanzas: readonly Stanza[]): void {
  const { host } = session;
  for (const stanza of stanzas) {
    if (stanza.kind === "message") {
      if (stanza.from === undefined || messageType(stanza) === "error") continue;
      inBackground(host.redeliver(stanza.withAddresses(stanza.from, session.account)), host.log);
    } else if (stanza.kind === "iq" && mayAnswerWithError(stanza))
      inBackground(host.refuse(stanza, "recipient-unavailable"), host.log);
  }
}
