// Migration 2 of rosters: items are found by their contact.
import { type Migration, unlessThere } from "../../../storage/sql/migration.ts";

/**
 * An account that is removed is looked for in the rosters of others. Nodes of the version before need not know of the
 * index. While PostgreSQL builds it (some seconds for a million items) rosters can be read and not changed.
 */
export const contactsIndex: Migration = {
  name: "contacts",
  carried: 5,
  statements(_, dialect) {
    const index = "roster_items_contact on roster_items (jid_key)";
    if (dialect !== "mysql") return [`create index if not exists ${index}`];
    const there = "information_schema.statistics where index_name = 'roster_items_contact'";
    return unlessThere(there, `create index ${index}`);
  },
};
