// Ends what is between an account and a contact, both ways. RFC 6121 §2.5.2, XEP-0077 §3.2.
import type { Jid } from "../../jid/jid.ts";
import type { ModuleHost } from "../../module/define.ts";
import { presence } from "../../stanza/presence.ts";
import { NoteKey } from "../../stanza/stanza.ts";
import type { RosterItem } from "../../storage/ports.ts";
import { hasFrom, hasTo } from "./item.ts";
import type { Rosters } from "./rosters.ts";

/**
 * True of subscription stanzas of an account that is about to be no more: they are noted by a contact that blocked it
 * too, or whoever gets its name next would find the subscription.
 */
export const departureKey = new NoteKey<true>("departure");

/** Tells the contact of an item that it neither sees the account nor is seen; `account` is bare. */
export async function endSubscriptions(
  host: ModuleHost,
  rosters: Rosters,
  account: Jid,
  contact: Jid,
  item: RosterItem,
  departing = false,
): Promise<void> {
  const cancel = (type: "unsubscribe" | "unsubscribed") => {
    const stanza = presence(account, contact, type);
    if (departing) stanza.setNote(departureKey, true);
    return host.route(stanza);
  };
  if (hasTo(item) || item.ask) await cancel("unsubscribe");
  if (hasFrom(item) && (await rosters.visibility.maySee(account.local, contact))) {
    for (const session of host.sessions.available(account.local))
      await host.route(presence(session.jid, contact, "unavailable"));
  }
  if (hasFrom(item) || item.pendingIn !== undefined) await cancel("unsubscribed");
}
