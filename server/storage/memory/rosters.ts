// Rosters in memory.
import { FIRST, type RosterEntry, type RosterItem, type RosterOwner, type RosterStore } from "../../ports/store.ts";
import { BARE_JID_BYTES, checkAccount, checkRosterItem, checkText, compareKeys, indexKey } from "../backend/text.ts";
import { findShelf, type Shelf, type Shelves, shelfOf } from "./accounts.ts";

/** Rosters in memory. Versions start at the time, as in SQL: see `sql/stores/rosters.ts`. */
export class MemoryRosters implements RosterStore {
  readonly #shelves: Shelves;
  readonly #now: () => number;

  constructor(shelves: Shelves, now: () => number) {
    this.#shelves = shelves;
    this.#now = now;
  }

  async load(domain: string, local: string): Promise<{ items: RosterItem[]; version: number }> {
    const shelf = findShelf(this.#shelves, domain, local);
    if (shelf === undefined) return { items: [], version: 0 };
    const entries = [...shelf.roster].sort(([a], [b]) => compareKeys(a, b));
    return { items: entries.map(([, item]) => item), version: shelf.rosterVersion };
  }

  async put(domain: string, local: string, item: RosterItem): Promise<number> {
    checkRosterItem(item);
    const shelf = shelfOf(this.#shelves, domain, local);
    shelf.roster.set(indexKey(item.jid), { ...item, groups: [...item.groups] });
    return this.#bump(shelf);
  }

  async remove(domain: string, local: string, jid: string): Promise<number> {
    checkText(jid, "roster item's JID", BARE_JID_BYTES);
    const shelf = shelfOf(this.#shelves, domain, local);
    shelf.roster.delete(indexKey(jid));
    return this.#bump(shelf);
  }

  async about(jid: string, after: RosterOwner = FIRST, limit: number): Promise<RosterEntry[]> {
    checkText(jid, "roster item's JID", BARE_JID_BYTES);
    checkAccount(after.domain, after.local);
    const found: RosterEntry[] = [];
    for (const [domain, ofDomain] of this.#shelves)
      for (const [local, { roster }] of ofDomain) {
        const item = roster.get(indexKey(jid));
        if (item === undefined || !saysMore(item)) continue;
        if ((compareKeys(domain, after.domain) || compareKeys(local, after.local)) > 0)
          found.push({ domain, local, item });
      }
    return found
      .sort((a, b) => compareKeys(a.domain, b.domain) || compareKeys(a.local, b.local))
      .slice(0, Math.max(0, limit));
  }

  #bump(shelf: Shelf): number {
    shelf.rosterVersion = shelf.rosterVersion === 0 ? Math.max(1, this.#now()) : shelf.rosterVersion + 1;
    return shelf.rosterVersion;
  }
}

function saysMore({ subscription, ask, approved, pendingIn }: RosterItem): boolean {
  return subscription !== "none" || ask || approved || pendingIn !== undefined;
}
