// Migration 1: accounts, rosters, offline messages and documents.

import { INDEX_KEY_BYTES, PART_BYTES } from "../../backend/text.ts";
import type { SchemaStep } from "../migration.ts";

/** The first tables. Each is keyed by domain and local part, so that an account is removed without a join. */
export const accountsMigration: SchemaStep = {
  version: 1,
  statements({ key, text, big, flag, clustered }) {
    const account = `domain ${key(PART_BYTES)} not null, local_part ${key(PART_BYTES)} not null`;
    return [
      `create table if not exists accounts (${account}, credentials ${text} not null, created_at ${big} not null,
        primary key (domain, local_part)) ${clustered}`,
      `create table if not exists roster_items (${account}, jid_key ${key(INDEX_KEY_BYTES)} not null,
        jid ${text} not null, name ${text} not null, group_names ${text} not null, subscription ${key(4)} not null,
        ask ${flag} not null, approved ${flag} not null, listed ${flag} not null, pending_in ${text},
        primary key (domain, local_part, jid_key)) ${clustered}`,
      `create table if not exists roster_versions (${account}, version ${big} not null,
        primary key (domain, local_part)) ${clustered}`,
      `create table if not exists offline_queues (${account}, last_id ${big} not null, kept ${big} not null,
        primary key (domain, local_part)) ${clustered}`,
      `create table if not exists offline_messages (${account}, id ${big} not null, stored_at ${big} not null,
        text ${text} not null, primary key (domain, local_part, id))`,
      `create table if not exists documents (${account}, kind ${key(64)} not null,
        index_key ${key(INDEX_KEY_BYTES)} not null, document_key ${text} not null, text ${text} not null,
        primary key (domain, local_part, kind, index_key))`,
    ];
  },
};
