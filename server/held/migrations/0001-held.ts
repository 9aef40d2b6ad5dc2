// Migration 1 of held messages: those that sessions hold for their clients.
import type { Migration } from "../../storage/sql/migration.ts";

/**
 * One table with no index but its primary key: every message passes through it, what it holds is what clients have not
 * acknowledged yet, and only a death or an account's removal looks for anything else than an id. Ids are never used
 * again, so that removing one twice never removes another message.
 */
export const heldTable: Migration = {
  name: "held",
  carried: 2,
  statements({ key, text, big }, dialect) {
    const id = {
      sqlite: "id integer primary key autoincrement",
      postgres: "id bigint generated always as identity primary key",
      mysql: "id bigint not null auto_increment primary key",
    }[dialect];
    return [
      `create table if not exists held_messages (${id}, member ${key(320)} not null,
        domain ${key(1023)} not null, local_part ${key(1023)} not null, stored_at ${big} not null,
        text ${text} not null)`,
    ];
  },
};
