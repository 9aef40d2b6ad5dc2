// The store of rosters.
import type { RosterStore, StoreKey } from "../../ports/store.ts";

/** Rosters, versioned. */
export const ROSTERS: StoreKey<RosterStore> = { name: "rosters" };
