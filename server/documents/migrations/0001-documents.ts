// Migration 1 of documents: the table. Numbers stand here as they were: what is released is never changed.
import type { Migration } from "../../storage/sql/migration.ts";

/** Keyed by domain and local part first, so that an account is removed without a join. */
export const documentsTable: Migration = {
  name: "documents",
  carried: 1,
  statements({ key, text }) {
    return [
      `create table if not exists documents (domain ${key(1023)} not null, local_part ${key(1023)} not null,
        kind ${key(64)} not null, index_key ${key(320)} not null, document_key ${text} not null,
        text ${text} not null, primary key (domain, local_part, kind, index_key))`,
    ];
  },
};
