// Migration 1 of accounts: the table. Numbers stand here as they were: what is released is never changed.
import type { Migration } from "../../storage/sql/migration.ts";

/** Accounts with their keys. */
export const accountsTable: Migration = {
  name: "accounts",
  carried: 1,
  statements({ key, text, big, clustered }) {
    return [
      `create table if not exists accounts (domain ${key(1023)} not null, local_part ${key(1023)} not null,
        credentials ${text} not null, created_at ${big} not null, primary key (domain, local_part)) ${clustered}`,
    ];
  },
};
