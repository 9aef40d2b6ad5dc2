// The stores in memory that their features do not declare yet.
import type { StoreAccount } from "../../ports/store.ts";
import { MemoryAccounts, type Shelves } from "./accounts.ts";
import { MemoryHeld } from "./held.ts";
import { MemoryOffline } from "./offline.ts";
import { MemoryRosters } from "./rosters.ts";
import type { MemoryStore } from "./way.ts";

/** New, empty stores by name. */
export function legacyStores(
  now: () => number,
  purgeAll: (account: StoreAccount) => void,
): Map<string, MemoryStore<object>> {
  const shelves: Shelves = new Map();
  const held = new MemoryHeld(now);
  const forget = (domain: string, local: string) => {
    held.forget(domain, local);
    purgeAll({ domain, local });
  };
  const purge = () => {};
  return new Map<string, MemoryStore<object>>([
    ["accounts", { store: new MemoryAccounts(shelves, { forget }), purge }],
    ["rosters", { store: new MemoryRosters(shelves, now), purge }],
    ["offline", { store: new MemoryOffline(shelves), purge }],
    ["held", { store: held, purge }],
  ]);
}
