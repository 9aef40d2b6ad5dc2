// Subscription stanzas and probes that reach a user. RFC 6121 §3, §4.3, appendix A.3.
import type { Jid } from "../../../xmpp/jid/jid.ts";
import { presence, type SubscriptionType } from "../../../xmpp/stanza/presence.ts";
import type { Stanza } from "../../../xmpp/stanza/stanza.ts";
import {
  departureKey,
  hasFrom,
  INBOUND,
  inState,
  keptRequest,
  type RosterChange,
  type RosterItem,
  Rosters,
  stateOf,
} from "../roster/api.ts";
import { sendPresenceOfAll } from "./outbound.ts";
import type { PresenceParts } from "./parts.ts";

/** Takes a subscription stanza for an account of ours. */
export async function takeSubscription(parts: PresenceParts, stanza: Stanza): Promise<void> {
  const { host, rosters } = parts;
  const account = (stanza.to as Jid).toBare();
  const contact = (stanza.from as Jid).toBare();
  const type = stanza.type as SubscriptionType;
  // RFC 6121 §8.5.1: the asker learns no more than from someone who never answers.
  if (!(await host.accounts.exists(host.domain, account.local))) return;
  const notice = stanza.withAddresses(contact, account);
  const taken = await rosters.change(account.local, (roster) => note(roster, account, contact, notice));
  if (taken === "granted") return grant(parts, account, contact, stanza);
  if (taken === undefined) return;
  const { before } = taken;
  // Requests are for those who can answer; answers also for those who only watch the roster. RFC 6121 §3.1.3, §3.1.6.
  for (const session of host.sessions.of(account.local))
    if (session.presence !== undefined || (type !== "subscribe" && session.interested)) session.deliver(notice);
  if (type === "unsubscribe" && hasFrom(before)) await sendPresenceOfAll(parts, account, contact, "unavailable");
}

/** Notes a stanza in the roster; the item before, `granted` for what was answered before it was asked, or nothing. */
async function note(
  roster: RosterChange,
  account: Jid,
  contact: Jid,
  notice: Stanza,
): Promise<{ readonly before: RosterItem } | "granted" | undefined> {
  const type = notice.type as SubscriptionType;
  const before = Rosters.item(roster, contact.full);
  if (type === "subscribe" && (hasFrom(before) || before.approved)) {
    const subscription = before.subscription === "to" ? "both" : "from";
    if (!hasFrom(before)) await roster.put({ ...before, subscription, approved: false, pendingIn: undefined });
    return "granted";
  }
  const { passes, next } = INBOUND[type][stateOf(before)];
  // A name's next owner is not approved because the last one was.
  if (notice.note(departureKey) === true && before.approved)
    await roster.put({ ...inState(before, next, undefined), approved: false });
  if (!passes) return undefined;
  const place = type === "subscribe" && !before.listed ? Rosters.placeForStranger(roster, contact) : "free";
  // Dropped without a word, as if nobody answered: an error would tell that the account exists (RFC 6121 §8.5.1), and
  // the asker may ask again when some have been answered.
  if (place === "none") return undefined;
  const request = type === "subscribe" ? keptRequest(notice, contact, account) : undefined;
  if (place !== "free") await roster.remove(place.inPlaceOf);
  await roster.put(inState(Rosters.item(roster, contact.full), next, request));
  return { before };
}

/** Answers a request that was granted already or in advance. RFC 6121 §3.1.3, §3.4.2. */
async function grant(parts: PresenceParts, account: Jid, contact: Jid, stanza: Stanza): Promise<void> {
  const { host } = parts;
  await host.route(presence(account, contact, "subscribed", stanza.id));
  await sendPresenceOfAll(parts, account, contact, "available");
}

/** Answers a probe with what the prober may see. RFC 6121 §4.3.2. */
export async function answerProbe(parts: PresenceParts, stanza: Stanza): Promise<void> {
  const { host, rosters } = parts;
  const to = stanza.to as Jid;
  const account = to.toBare();
  const prober = stanza.from as Jid;
  const item = (await rosters.of(account.local)).items.get(prober.bare);
  const own = prober.bare === account.bare;
  if (!own && (item === undefined || !hasFrom(item)))
    return host.route(presence(account, prober.toBare(), "unsubscribed"));
  const available = host.sessions
    .available(account.local)
    .filter((session) => to.isBare || session.jid.resource === to.resource);
  if (available.length === 0) return host.route(presence(to, prober, "unavailable"));
  for (const session of available) await host.route((session.presence as Stanza).withAddresses(session.jid, prober));
}
