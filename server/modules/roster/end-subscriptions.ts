// Ends what is between an account and a contact, or whoever has it for one. RFC 6121 §2.5.2, XEP-0077 §3.2.

import { Jid } from "../../../xmpp/jid/jid.ts";
import { presence } from "../../../xmpp/stanza/presence.ts";
import { NoteKey, type Stanza } from "../../../xmpp/stanza/stanza.ts";
import type { ModuleHost } from "../../module/define.ts";
import { StoreUnavailable } from "../../ports/store.ts";
import { hasFrom, hasTo } from "./item.ts";
import type { RosterItem } from "./port.ts";
import type { Rosters } from "./rosters.ts";
import { ROSTERS } from "./store.ts";

/**
 * True of subscription stanzas of an account that is about to be no more: they are noted by a contact that blocked it
 * too, or whoever gets its name next would find the subscription.
 */
export const departureKey = new NoteKey<true>("departure");

/** Whose subscriptions end. */
export interface Ending {
  readonly host: ModuleHost;
  readonly rosters: Rosters;
  /** Bare. */
  readonly account: Jid;
  /** True where the account is about to be no more. */
  readonly departing: boolean;
}

/** Tells the contact of an item that it neither sees the account nor is seen. */
export async function endSubscriptions(ending: Ending, item: RosterItem): Promise<void> {
  const { host, rosters, account, departing } = ending;
  const contact = Jid.parse(item.jid);
  const cancel = (type: Cancelling) => host.route(cancelling(account, contact, type, departing));
  if (hasTo(item) || item.ask) await cancel("unsubscribe");
  if (hasFrom(item) && (await rosters.visibility.maySee(account.local, contact))) {
    for (const session of host.sessions.available(account.local))
      await host.route(presence(session.jid, contact, "unavailable"));
  }
  if (hasFrom(item) || item.pendingIn !== undefined) await cancel("unsubscribed");
}

/** Rosters read at once. */
const PAGE = 100;

/**
 * Ends what accounts served here keep of one that departs and that its own roster does not tell of: approvals given
 * beforehand (RFC 6121 §3.4), and subscriptions that only one side knows, as imports and failures leave them.
 * @throws StoreUnavailable where something is left, since whoever gets the name next would inherit it
 */
export async function endOneSided(host: ModuleHost, account: Jid): Promise<void> {
  await eachAbout(host, account, async (owner, item) => {
    const cancel = (type: Cancelling) => host.route(cancelling(account, owner, type, true));
    if (sees(item)) await cancel("unsubscribe");
    if (isSeen(item)) await cancel("unsubscribed");
  });
  // What is routed tells nobody whether it was kept: an owner's failing store is his own affair elsewhere.
  await eachAbout(host, account, async (owner, item) => {
    if (sees(item) || isSeen(item)) throw new StoreUnavailable(`the roster of ${owner.bare} could not be changed`);
  });
}

/** True where the contact of an item sees its owner, may ask to, or will be let at once. */
function sees(item: RosterItem): boolean {
  return hasFrom(item) || item.pendingIn !== undefined || item.approved;
}

function isSeen(item: RosterItem): boolean {
  return hasTo(item) || item.ask;
}

/** Calls `work` for each item about an account that says more than a name, with its owner, where he is served here. */
async function eachAbout(
  host: ModuleHost,
  account: Jid,
  work: (owner: Jid, item: RosterItem) => Promise<void>,
): Promise<void> {
  const rosters = host.store(ROSTERS);
  let page = await rosters.about(account.bare, undefined, PAGE);
  for (; page.length > 0; page = await rosters.about(account.bare, page.at(-1), PAGE))
    // Of a domain that is not served now nobody sees anything; its way would be to another server.
    for (const { domain, local, item } of page)
      if (host.serves(domain)) await work(Jid.prepared(local, domain, ""), item);
}

type Cancelling = "unsubscribe" | "unsubscribed";

function cancelling(account: Jid, contact: Jid, type: Cancelling, departing: boolean): Stanza {
  const stanza = presence(account, contact, type);
  if (departing) stanza.setNote(departureKey, true);
  return stanza;
}
