// The store of accounts.
import type { AccountStore, StoreKey } from "../ports/store.ts";

/** Accounts of every virtual host. */
export const ACCOUNTS: StoreKey<AccountStore> = { name: "accounts" };
