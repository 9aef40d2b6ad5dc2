// Migration 1 of offline messages: queues and messages. Numbers stand here as they were: what is released is never changed.
import type { Migration } from "../../../storage/sql/migration.ts";

/** Keyed by domain and local part first, so that an account is removed without a join. */
export const offlineTables: Migration = {
  name: "offline",
  carried: 1,
  statements({ key, text, big, clustered }) {
    const account = `domain ${key(1023)} not null, local_part ${key(1023)} not null`;
    return [
      `create table if not exists offline_queues (${account}, last_id ${big} not null, kept ${big} not null,
        primary key (domain, local_part)) ${clustered}`,
      `create table if not exists offline_messages (${account}, id ${big} not null, stored_at ${big} not null,
        text ${text} not null, primary key (domain, local_part, id))`,
    ];
  },
};
