// Migration 2: messages that sessions hold for their clients.
import { MEMBER_BYTES, PART_BYTES } from "../../backend/text.ts";
import type { SchemaStep } from "../migration.ts";

/**
 * One table with no index but its primary key: every message passes through it, what it holds is what clients have not
 * acknowledged yet, and only a death or an account's removal looks for anything else than an id. Ids are never used
 * again, so that removing one twice never removes another message.
 */
export const heldMigration: SchemaStep = {
  version: 2,
  statements({ key, text, big }, dialect) {
    const id = {
      sqlite: "id integer primary key autoincrement",
      postgres: "id bigint generated always as identity primary key",
      mysql: "id bigint not null auto_increment primary key",
    }[dialect];
    return [
      `create table if not exists held_messages (${id}, member ${key(MEMBER_BYTES)} not null,
        domain ${key(PART_BYTES)} not null, local_part ${key(PART_BYTES)} not null, stored_at ${big} not null,
        text ${text} not null)`,
    ];
  },
};
