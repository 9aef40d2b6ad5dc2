// Rosters in memory.
import { checkAccount, checkText, compareKeys, indexKey } from "../../storage/backend/text.ts";
import { ByAccount } from "../../storage/memory/by-account.ts";
import type { MemoryParts, MemoryStore } from "../../storage/memory/way.ts";
import { FIRST, type RosterEntry, type RosterItem, type RosterOwner, type RosterStore } from "./port.ts";
import { BARE_JID_BYTES, checkRosterItem } from "./text.ts";

/** What is kept of one account. */
interface Roster {
  version: number;
  /** Index key → item. */
  readonly items: Map<string, RosterItem>;
}

type Kept = ByAccount<Roster>;

const emptyRoster = (): Roster => ({ version: 0, items: new Map() });

/** A new, empty store. */
export function memoryRosters({ now }: MemoryParts): MemoryStore<RosterStore> {
  const kept: Kept = new ByAccount();
  return { store: new MemoryRosters(kept, now), purge: (account) => void kept.delete(account) };
}

/** Rosters in memory. Versions start at the time, as in SQL: see `sql.ts`. */
class MemoryRosters implements RosterStore {
  readonly #kept: Kept;
  readonly #now: () => number;

  constructor(kept: Kept, now: () => number) {
    this.#kept = kept;
    this.#now = now;
  }

  async load(domain: string, local: string): Promise<{ items: RosterItem[]; version: number }> {
    const roster = this.#kept.get(domain, local);
    if (roster === undefined) return { items: [], version: 0 };
    const entries = [...roster.items].sort(([a], [b]) => compareKeys(a, b));
    return { items: entries.map(([, item]) => item), version: roster.version };
  }

  async put(domain: string, local: string, item: RosterItem): Promise<number> {
    checkRosterItem(item);
    const roster = this.#kept.need(domain, local, emptyRoster);
    roster.items.set(indexKey(item.jid), { ...item, groups: [...item.groups] });
    return this.#bump(roster);
  }

  async remove(domain: string, local: string, jid: string): Promise<number> {
    checkText(jid, "roster item's JID", BARE_JID_BYTES);
    const roster = this.#kept.need(domain, local, emptyRoster);
    roster.items.delete(indexKey(jid));
    return this.#bump(roster);
  }

  async about(jid: string, after: RosterOwner = FIRST, limit: number): Promise<RosterEntry[]> {
    checkText(jid, "roster item's JID", BARE_JID_BYTES);
    checkAccount(after.domain, after.local);
    const found: RosterEntry[] = [];
    for (const [{ domain, local }, { items }] of this.#kept.all()) {
      const item = items.get(indexKey(jid));
      if (item === undefined || !saysMore(item)) continue;
      if ((compareKeys(domain, after.domain) || compareKeys(local, after.local)) > 0)
        found.push({ domain, local, item });
    }
    return found
      .sort((a, b) => compareKeys(a.domain, b.domain) || compareKeys(a.local, b.local))
      .slice(0, Math.max(0, limit));
  }

  #bump(roster: Roster): number {
    roster.version = roster.version === 0 ? Math.max(1, this.#now()) : roster.version + 1;
    return roster.version;
  }
}

function saysMore({ subscription, ask, approved, pendingIn }: RosterItem): boolean {
  return subscription !== "none" || ask || approved || pendingIn !== undefined;
}
