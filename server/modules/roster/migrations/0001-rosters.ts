// Migration 1 of rosters: items and versions. Numbers stand here as they were: what is released is never changed.
import type { Migration } from "../../../storage/sql/migration.ts";

/** Keyed by domain and local part first, so that an account is removed without a join. */
export const rostersTables: Migration = {
  name: "rosters",
  carried: 1,
  statements({ key, text, big, flag, clustered }) {
    const account = `domain ${key(1023)} not null, local_part ${key(1023)} not null`;
    return [
      `create table if not exists roster_items (${account}, jid_key ${key(320)} not null,
        jid ${text} not null, name ${text} not null, group_names ${text} not null, subscription ${key(4)} not null,
        ask ${flag} not null, approved ${flag} not null, listed ${flag} not null, pending_in ${text},
        primary key (domain, local_part, jid_key)) ${clustered}`,
      `create table if not exists roster_versions (${account}, version ${big} not null,
        primary key (domain, local_part)) ${clustered}`,
    ];
  },
};
