// Where stanzas go that a session or a node held and could not deliver. XEP-0198 §6, XEP-0160.

import { arrivalOf } from "../../../xmpp/stanza/arrival.ts";
import { withDelay } from "../../../xmpp/stanza/delay.ts";
import { mayAnswerWithError } from "../../../xmpp/stanza/error.ts";
import { isForSessionAlone, messageType } from "../../../xmpp/stanza/message.ts";
import { type Fate, type PassedOn, Safety } from "../../../xmpp/stanza/safety.ts";
import type { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { inBackground } from "../../delivery/background.ts";
import { redeliverInsistently } from "../../delivery/insistent.ts";
import { stillStoredKey } from "../../delivery/still-stored.ts";
import { isOver, NOT_WORTH_KEEPING } from "../../delivery/worth-keeping.ts";
import { logFailure } from "../../observe/failure.ts";
import type { SessionHost } from "../../ports/host.ts";
import type { ClientSession } from "../../ports/session.ts";
import { alsoGiven, wasCopied } from "./others.ts";
import { isForUser, type Kept } from "./unacked.ts";

/** Another session of the account was given it, and answers for it. */
export const HAD: Fate = "dropped: RFC 6121 §8.5.2, another resource has it";

/** Reroutes a stanza that nobody waits for but its safety, which is let go of afterwards. */
export function rerouteInBackground(host: SessionHost, stanza: Stanza, safety: Safety | undefined): void {
  const done = reroute(host, stanza);
  if (done === undefined) return safety?.release("passed on");
  inBackground(
    done.then(() => safety?.release("passed on")),
    host.log,
  );
}

/** Reroutes a stanza that `session` held; resolves once whoever took it answers for it, with what became of it. */
export async function rerouteSafely(
  host: SessionHost,
  stanza: Stanza,
  session?: ClientSession,
): Promise<Fate | PassedOn> {
  // Others may hold the same stanza for their own clients: this is about this one's way alone.
  const own = stanza.withAddresses(stanza.from, stanza.to);
  return await new Promise((resolve, reject) => {
    const safety = new Safety(({ fate }) => resolve(fate));
    own.safety = safety;
    Promise.resolve(reroute(host, own, session)).then(() => safety.release("passed on"), reject);
  });
}

/** Who holds what is rerouted. */
interface Holder {
  release(kept: readonly Kept[], fate: Fate | PassedOn): void;
}

/**
 * Reroutes what a session held, but for what another one was given: that is that one's. What finds no other way stays as
 * it is, stored where it was, and its sender is not told that it is safe.
 */
export async function rerouteEach(
  host: SessionHost,
  kept: readonly Kept[],
  holder: Holder,
  session?: ClientSession,
): Promise<void> {
  const going = kept.map(async (item) => {
    if (!item.lent) holder.release([item], await rerouteSafely(host, item.stanza, session));
  });
  for (const outcome of await Promise.allSettled(going))
    if (outcome.status === "rejected") logFailure(host.log, outcome.reason, "a stanza found no other way");
}

/** True where a stanza to a full JID would come to the session that held it, or to none. */
function isHolder(host: SessionHost, session: ClientSession, { to }: Stanza): boolean {
  const there = to === undefined ? undefined : host.sessions.find(to);
  return there === undefined || there === session;
}

/** True where another session of the account answers for the message, or has had it. */
function hadBesides(host: SessionHost, session: ClientSession, stanza: Stanza): boolean {
  return alsoGiven(host, session, stanza).length > 0 || wasCopied(host, session, stanza);
}

/**
 * Messages go to another resource or the offline store, requests are answered with an error, presence and answers are
 * dropped: the session they told something is gone. A message keeps its address and says since when it waits; where
 * another session of the account has it already, or it is over by now, it goes nowhere.
 */
export function reroute(host: SessionHost, stanza: Stanza, session?: ClientSession): void | Promise<void> {
  if (stanza.note(stillStoredKey)?.leave() === true) return stanza.safety?.became("stored");
  if (stanza.kind === "message") {
    // A copy told one device what another had: the message itself has its own way. XEP-0280.
    if (!isForUser(stanza)) return stanza.safety?.became("dropped: XEP-0280 §6");
    // RFC 6121 §8.5.3.2.1: a headline is for the resource it names.
    if (stanza.to?.isBare === false && messageType(stanza) === "headline")
      return stanza.safety?.became("dropped: RFC 6121 §8.5.3.2.1");
    // Not back to the session that held it. RFC 6121 §8.5.3.2.1, XEP-0045 §7.5.
    if (isForSessionAlone(stanza) && session !== undefined && isHolder(host, session, stanza))
      return host.refuse(stanza, "service-unavailable");
    if (session !== undefined && hadBesides(host, session, stanza)) return stanza.safety?.became(HAD);
    if (isOver(stanza)) return stanza.safety?.became(NOT_WORTH_KEEPING);
    const at = arrivalOf(stanza);
    const own = stanza.withAddresses(stanza.from, stanza.to);
    return redeliverInsistently(host, at === undefined ? own : withDelay(own, host.domain, at));
  }
  stanza.safety?.became("no message");
  if (stanza.kind === "iq" && mayAnswerWithError(stanza)) return host.refuse(stanza, "recipient-unavailable");
}
