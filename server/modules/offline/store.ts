// The store of offline messages.
import type { OfflineStore, StoreKey } from "../../ports/store.ts";

/** Messages for accounts that no resource takes. */
export const OFFLINE: StoreKey<OfflineStore> = { name: "offline" };
