// Migration 3 of accounts: names whose data is being cleared where another backend keeps it.
import type { Migration } from "../../storage/sql/migration.ts";

/** A row while what other backends keep under a name is being removed; `since` tells one clearing from another. */
export const clearingsTable: Migration = {
  name: "clearings",
  statements({ key, big, clustered }) {
    return [
      `create table if not exists account_clearings (domain ${key(1023)} not null, local_part ${key(1023)} not null,
        since ${big} not null, primary key (domain, local_part)) ${clustered}`,
    ];
  },
};
