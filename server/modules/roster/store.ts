// The store of rosters.
import { defineStore } from "../../storage/define.ts";
import { memoryRosters } from "./memory.ts";
import { rostersTables } from "./migrations/0001-rosters.ts";
import { contactsIndex } from "./migrations/0002-contacts.ts";
import type { RosterStore } from "./port.ts";
import { sqlRosters } from "./sql.ts";

/** Rosters, versioned. RFC 6121 §2. */
export const ROSTERS = defineStore<RosterStore>({
  name: "rosters",
  sql: { migrations: [rostersTables, contactsIndex], make: sqlRosters },
  memory: { make: memoryRosters },
  async *exported(rosters, { domain, local }) {
    const { items } = await rosters.load(domain, local);
    yield* items;
  },
});
