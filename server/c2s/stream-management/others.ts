// Which of an account's other sessions has, or gets, what one of them was given. RFC 6121 §8.5.2, XEP-0280.

import { arrivalOf } from "../../../xmpp/stanza/arrival.ts";
import type { Stanza } from "../../../xmpp/stanza/stanza.ts";
import type { FormerTaker } from "../../delivery/redeliver.ts";
import { takersKey } from "../../delivery/takers.ts";
import { isForAnyDevice } from "../../delivery/whose.ts";
import type { SessionHost } from "../../ports/host.ts";
import type { ClientSession } from "../../ports/session.ts";
import { type CarriedSession, carried } from "./carried.ts";
import type { LatestPresence } from "./latest-presence.ts";

/** ms that a client may take from its log-in until it has asked for copies. */
const SETTLING = 5_000;

/** The sessions that were given the same message, are there and answer for it; in one order at every node. */
export function alsoGiven(host: SessionHost, session: ClientSession, stanza: Stanza): ClientSession[] {
  const at = arrivalOf(stanza);
  const local = session.account.local;
  const names = stanza.note(takersKey);
  if (names === undefined || at === undefined) return [];
  const there = host.sessions.of(local).filter((other) => other !== session && other.since <= at);
  return names.flatMap((name) => there.filter(({ jid }) => jid.full === name));
}

/** True where an awake session had a copy of the message as it came, and as far as is known has it still. */
export function wasCopied(host: SessionHost, session: ClientSession, stanza: Stanza): boolean {
  const at = arrivalOf(stanza);
  if (at === undefined) return false;
  return awakeOthers(host, session).some(
    (other) => other.since < at - SETTLING && host.copiesTo(other, stanza) && !awaits(other, stanza),
  );
}

/** A session as the one whose client did not take what goes elsewhere. */
export function formerTaker(session: CarriedSession): FormerTaker {
  return { session, hadBesides: (stanza) => hadBesides(session.host, session, stanza) };
}

/** True where another session of the account answers for the message, or has had it. */
function hadBesides(host: SessionHost, session: ClientSession, stanza: Stanza): boolean {
  return alsoGiven(host, session, stanza).length > 0 || wasCopied(host, session, stanza);
}

/** Who gets a message at once that comes for a session asleep: one that came since, where nobody awake gets it anyway. */
export function awakeInstead(
  host: SessionHost,
  session: ClientSession,
  since: number,
  stanza: Stanza,
): ClientSession | undefined {
  if (!isForAnyDevice(stanza)) return undefined;
  const awake = awakeOthers(host, session);
  if (awake.length === 0 || stanza.note(takersKey) !== undefined) return undefined;
  if (awake.some((other) => host.copiesTo(other, stanza))) return undefined;
  const able = awake.filter((other) => other.presence !== undefined && other.priority >= 0 && other.since >= since);
  return able.reduce<ClientSession | undefined>(
    (best, other) => (best === undefined || other.priority > best.priority ? other : best),
    undefined,
  );
}

/** Presence that waits for other sessions of the account at this node. */
export function latestOfOthers(session: CarriedSession): LatestPresence[] {
  const all = session.host.sessions.of(session.account.local);
  return all.flatMap((one) => (one === session ? [] : (carried(one)?.sm?.window.latest ?? [])));
}

function awakeOthers(host: SessionHost, session: ClientSession): ClientSession[] {
  return host.sessions.of(session.account.local).filter((other) => other !== session && !other.waiting);
}

/** True where its client has not acknowledged a copy yet. */
function awaits(other: ClientSession, { tail }: Stanza): boolean {
  const outstanding = carried(other)?.sm?.outstanding ?? [];
  return outstanding.some(({ stanza }) => stanza.tail.includes(tail));
}
