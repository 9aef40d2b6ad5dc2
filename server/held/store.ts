// The store of messages that sessions hold for their clients.
import type { HeldStore, StoreKey } from "../ports/store.ts";

/** Messages on their way to clients. */
export const HELD: StoreKey<HeldStore> = { name: "held" };
