// Subscription stanzas that a user sends. RFC 6121 §3, appendix A.2.
import type { Jid } from "../../../xmpp/jid/jid.ts";
import { presence, type SubscriptionType } from "../../../xmpp/stanza/presence.ts";
import type { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { reject, taken, type Verdict } from "../../delivery/verdict.ts";
import { hasFrom, inState, OUTBOUND, type RosterItem, Rosters, stateOf } from "../roster/api.ts";
import type { PresenceParts } from "./parts.ts";

/**
 * Sends a subscription stanza of `account` to `contact`, both bare, keeping the roster in step. One that would add a
 * contact to a full roster is refused, as a roster set would be (RFC 6121 §2.3.3).
 */
export async function sendSubscription(
  parts: PresenceParts,
  account: Jid,
  contact: Jid,
  stanza: Stanza,
): Promise<Verdict> {
  const { host, rosters } = parts;
  const type = stanza.type as SubscriptionType;
  const noted = await rosters.change(account.local, async (roster) => {
    const before = Rosters.item(roster, contact.full);
    const { passes, next } = OUTBOUND[type][stateOf(before)];
    const after = approval(type, passes, inState(before, next, undefined));
    if (after.listed && !rosters.hasRoom(roster, contact.full)) return undefined;
    if (after !== before) await roster.put(after);
    return { before, passes };
  });
  if (noted === undefined) return reject("not-allowed", `a roster has at most ${rosters.maxItems} items`);
  const { before, passes } = noted;
  if (!passes) return taken;
  if (type === "unsubscribed" && hasFrom(before)) await sendPresenceOfAll(parts, account, contact, "unavailable");
  await host.route(stanza.withAddresses(account, contact));
  if (type === "subscribed") await sendPresenceOfAll(parts, account, contact, "available");
  return taken;
}

/** Pre-approval: `subscribed` without a request is remembered, and spent or cancelled later. RFC 6121 §3.4. */
function approval(type: SubscriptionType, passes: boolean, item: RosterItem): RosterItem {
  if (type === "subscribed" && !passes && !hasFrom(item)) return { ...item, approved: true, listed: true };
  if (type === "unsubscribed" && item.approved) return { ...item, approved: false };
  return item;
}

/** Sends the presence of each available resource of an account to one contact, or its end. */
export async function sendPresenceOfAll(
  parts: PresenceParts,
  account: Jid,
  contact: Jid,
  what: "available" | "unavailable",
): Promise<void> {
  const { host, rosters } = parts;
  if (!(await rosters.visibility.maySee(account.local, contact))) return;
  for (const session of host.sessions.available(account.local)) {
    const stanza =
      what === "available"
        ? (session.presence as Stanza).withAddresses(session.jid, contact)
        : presence(session.jid, contact, "unavailable");
    await host.route(stanza);
  }
}
