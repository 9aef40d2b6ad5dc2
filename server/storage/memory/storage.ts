// Storage that ends with the process: tests and demonstrations.
import { type Clock, systemClock } from "../../../xmpp/clock.ts";
import type { Storage } from "../../ports/store.ts";
import { MemoryAccounts, type Shelves } from "./accounts.ts";
import { MemoryDocuments } from "./documents.ts";
import { MemoryHeld } from "./held.ts";
import { MemoryOffline } from "./offline.ts";
import { MemoryRosters } from "./rosters.ts";

/** A new, empty storage in memory. */
export function memoryStorage(clock: Clock = systemClock): Storage {
  const shelves: Shelves = new Map();
  const held = new MemoryHeld(() => clock.now());
  return {
    kind: "memory",
    accounts: new MemoryAccounts(shelves, held),
    rosters: new MemoryRosters(shelves, () => clock.now()),
    offline: new MemoryOffline(shelves),
    documents: new MemoryDocuments(shelves),
    held,
    ping: async () => {},
    close: async () => {},
  };
}
