// The store of accounts.
import type { AccountStore } from "../ports/store.ts";
import { defineStore } from "../storage/define.ts";
import { memoryAccounts } from "./memory.ts";
import { accountsTable } from "./migrations/0001-accounts.ts";
import { disabledColumn } from "./migrations/0002-disabled.ts";
import { clearingsTable } from "./migrations/0003-clearings.ts";
import { sqlAccounts } from "./sql.ts";

/** Accounts of every virtual host. What its `delete` forgets is what every store keeps. */
export const ACCOUNTS = defineStore<AccountStore>({
  name: "accounts",
  sql: { migrations: [accountsTable, disabledColumn, clearingsTable], make: sqlAccounts },
  memory: { make: memoryAccounts },
  async *exported(accounts, { domain, local }) {
    const account = await accounts.get(domain, local);
    if (account === undefined) return;
    const { credentials: _, ...rest } = account;
    yield rest;
  },
});
