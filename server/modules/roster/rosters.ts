// The rosters of a host: at hand while they are wanted, changed by one node at a time, with their bounds. RFC 6121 §2.

import { Jid } from "../../../xmpp/jid/jid.ts";
import { ApiKey, type ModuleHost } from "../../module/define.ts";
import type { Shared } from "../../ports/cluster.ts";
import { unknownItem } from "./item.ts";
import type { RosterItem } from "./port.ts";
import { type Roster, RosterChange } from "./roster-change.ts";
import { ROSTERS } from "./store.ts";
import { Visibility } from "./visibility.ts";

/** Requests kept of those who are in no roster: a contact list has its own limit, and strangers are not to fill it. */
const STRANGERS_LIMIT = 100;

/** The rosters of one virtual host. */
export class Rosters {
  /** Who may not see an account, whatever its roster says. */
  readonly visibility = new Visibility();
  private readonly host: ModuleHost;
  private readonly rosters: Shared<Roster>;
  private readonly settings: { readonly maxItems: number };

  /** @param settings as they are now, whenever they are looked at */
  constructor(host: ModuleHost, settings: { readonly maxItems: number }) {
    this.host = host;
    this.settings = settings;
    this.rosters = host.shared({
      name: "roster",
      load: async (local) => {
        const { items, version } = await host.store(ROSTERS).load(host.domain, local);
        return { items: new Map(items.map((item) => [item.jid, item])), version };
      },
      cost: costOf,
    });
  }

  /** Contacts of one roster, at most. */
  get maxItems(): number {
    return this.settings.maxItems;
  }

  /** The roster of an account; at once where it is held. @throws StoreUnavailable */
  of(local: string): Roster | Promise<Roster> {
    return this.rosters.of(local);
  }

  /**
   * Reads a roster and changes it by `put` and `remove` within `work`, while nobody else does: an item is stored as a
   * whole, and would overwrite what another made of it meanwhile. Whatever may wait for another roster comes after.
   */
  change<T>(local: string, work: (roster: RosterChange) => Promise<T>): Promise<T> {
    return this.rosters.change(local, (change) => work(new RosterChange(this.host, local, change)));
  }

  /** The item for a contact, made up where there is none. */
  static item(roster: Roster, jid: string): RosterItem {
    return roster.items.get(jid) ?? unknownItem(jid);
  }

  /** True where the contact is in the roster, or can be added. Strangers who wait for an answer do not count. */
  hasRoom(roster: Roster, jid: string): boolean {
    if (Rosters.item(roster, jid).listed || roster.items.size < this.maxItems) return true;
    let listed = 0;
    for (const item of roster.items.values()) if (item.listed) listed += 1;
    return listed < this.maxItems;
  }

  /**
   * Whether one more request of someone who is not in the roster can wait for an answer. Where all places are taken, one
   * of the domain that has most of them must go, so that no domain's strangers shut out another's.
   */
  static placeForStranger(roster: Roster, contact: Jid): "free" | "none" | { readonly inPlaceOf: string } {
    const waiting = new Map<string, string[]>();
    let count = 0;
    for (const item of roster.items.values()) {
      if (item.listed) continue;
      const { domain } = Jid.parse(item.jid);
      waiting.set(domain, [...(waiting.get(domain) ?? []), item.jid]);
      count += 1;
    }
    if (count < STRANGERS_LIMIT) return "free";
    const most = [...waiting.values()].reduce((a, b) => (b.length > a.length ? b : a));
    const own = waiting.get(contact.domain)?.length ?? 0;
    return own + 1 < most.length ? { inPlaceOf: most.at(-1) as string } : "none";
  }
}

/** Bytes that an item takes in memory beside its texts. */
const ITEM = 200;

function costOf({ items }: Roster): number {
  let bytes = ITEM;
  for (const { jid, name, groups, pendingIn = "" } of items.values()) {
    bytes += ITEM + 2 * (jid.length + name.length + pendingIn.length);
    for (const group of groups) bytes += 2 * group.length + 32;
  }
  return bytes;
}

/** What the roster module offers to others. */
export const rostersApi = new ApiKey<Rosters>("rosters");
