// Presence a session sends to everyone who may see it, and what it learns in turn. RFC 6121 §4.2 to §4.6.

import { Jid } from "../../../xmpp/jid/jid.ts";
import { presence as barePresence } from "../../../xmpp/stanza/presence.ts";
import type { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { eachAtOnce, eachInTurn } from "../../delivery/background.ts";
import { atCostOf } from "../../delivery/cost.ts";
import { reject, taken, type Verdict } from "../../delivery/verdict.ts";
import type { ClientSession, OwnSession } from "../../ports/session.ts";
import { hasFrom, hasTo, type Roster, requestStanza, TOLD_LIMIT } from "../roster/api.ts";
import { directedKey } from "./directed.ts";
import type { PresenceParts } from "./parts.ts";

/** Contacts whose rosters and block lists are waited for at once, where these are not at hand. */
const AT_ONCE = 50;

/** Initial or later presence of a session, where no stage keeps it from arriving by that. RFC 6121 §4.2.2, §4.4.2. */
export async function broadcastAvailable(
  parts: PresenceParts,
  session: OwnSession,
  sent: Stanza,
  priority: number,
): Promise<Verdict> {
  const { host, rosters } = parts;
  const roster = await rosters.of(session.account.local);
  const initial = session.presence === undefined;
  const receptive = priority >= 0 && (initial || session.priority < 0);
  const arrival = receptive ? await host.arriving(session, sent) : undefined;
  if (arrival?.kind === "rejected") return reject(arrival.condition, arrival.details);
  if (arrival?.kind === "stopped") return taken;
  const stanza = arrival?.stanza ?? sent;
  session.presence = stanza;
  session.priority = priority;
  try {
    // Of two that come online at two nodes at once, at least one must see the other: each looks around only once all
    // nodes know of it.
    const everywhere = initial ? host.barrier() : undefined;
    if (everywhere !== undefined) await everywhere;
    await sendToSubscribers(parts, roster, session, stanza);
    for (const other of host.sessions.available(session.account.local))
      other.deliver(stanza.withAddresses(session.jid, other.account));
    if (initial) {
      await learn(parts, roster, session);
      await probeContacts(parts, roster, session);
      host.emit("session.available", { session });
    }
  } finally {
    if (receptive) host.emit("session.receptive", { session });
  }
  return taken;
}

/** The end of a session's presence. RFC 6121 §4.5.2, §4.6.3. */
export async function broadcastUnavailable(
  parts: PresenceParts,
  session: ClientSession,
  stanza: Stanza,
): Promise<void> {
  const { host, rosters } = parts;
  const roster = await rosters.of(session.account.local);
  await sendToSubscribers(parts, roster, session, stanza);
  await endDirected(parts, session, stanza);
  for (const other of host.sessions.available(session.account.local))
    other.deliver(stanza.withAddresses(session.jid, other.account));
}

/** Tells those who only had directed presence. RFC 6121 §4.6.3. */
export async function endDirected(parts: PresenceParts, session: ClientSession, stanza: Stanza): Promise<void> {
  const { host, rosters } = parts;
  const directed = session.get(directedKey);
  if (directed === undefined) return;
  const roster = await rosters.of(session.account.local);
  await atCostOf(session, host.clock, () =>
    eachInTurn(directed, (address) => {
      const to = Jid.parse(address);
      const item = roster.items.get(to.bare);
      if (item !== undefined && hasFrom(item)) return;
      return show(parts, session, stanza.withAddresses(session.jid, to), to);
    }),
  );
  // Forgotten only now: where some could not be told all are told again.
  if (!session.remote) session.set(directedKey, new Set());
}

/** Sends presence of a session, unless something keeps the contact from seeing it (XEP-0191 §3.2). */
function show({ host, rosters }: PresenceParts, session: ClientSession, stanza: Stanza, to: Jid): void | Promise<void> {
  const may = rosters.visibility.maySee(session.account.local, to);
  if (may instanceof Promise) return may.then((seen) => (seen ? host.route(stanza) : undefined));
  if (may) return host.route(stanza);
}

async function sendToSubscribers(
  parts: PresenceParts,
  roster: Roster,
  session: ClientSession,
  stanza: Stanza,
): Promise<void> {
  const { host } = parts;
  await atCostOf(session, host.clock, () =>
    eachAtOnce(roster.items.values(), AT_ONCE, (item) => {
      if (!hasFrom(item)) return;
      const to = Jid.parse(item.jid);
      return show(parts, session, stanza.withAddresses(stanza.from, to), to);
    }),
  );
}

/** A new session is told of its account's other resources, and of requests that wait, within a bound. RFC 6121 §3.1.3, §4.2.2. */
async function learn({ host, rosters }: PresenceParts, roster: Roster, session: ClientSession): Promise<void> {
  for (const other of host.sessions.available(session.account.local))
    if (other !== session && other.presence !== undefined)
      session.deliver(other.presence.withAddresses(other.jid, session.account));
  let told = 0;
  for (const item of roster.items.values()) {
    if (item.pendingIn === undefined) continue;
    const contact = Jid.parse(item.jid);
    const may = rosters.visibility.maySee(session.account.local, contact);
    if (may === false || (may !== true && !(await may))) continue;
    const request = requestStanza(item.pendingIn, contact, session.account);
    told += Buffer.byteLength(request.text());
    if (told > TOLD_LIMIT) return;
    session.deliver(request);
  }
}

async function probeContacts(parts: PresenceParts, roster: Roster, session: ClientSession): Promise<void> {
  const { host } = parts;
  await atCostOf(session, host.clock, () =>
    eachAtOnce(roster.items.values(), AT_ONCE, (item) => {
      if (!hasTo(item)) return;
      const to = Jid.parse(item.jid);
      return show(parts, session, barePresence(session.jid, to, "probe"), to);
    }),
  );
}
