// The tables as kysely sees them. The migrations make them; text keys compare by bytes on every dialect.
import type { Generated } from "kysely";

/** Every table is keyed by the account's two parts. */
interface AccountKey {
  domain: string;
  local_part: string;
}

/** Accounts with their SCRAM keys. */
export interface AccountsTable extends AccountKey {
  /** JSON; see `stores/credentials.ts`. */
  credentials: string;
  /** ms since the epoch. */
  created_at: number;
  /** 0 or 1; new rows are 0. */
  disabled: Generated<number>;
}

/** Roster items. */
export interface RosterItemsTable extends AccountKey {
  /** `indexKey` of the JID. */
  jid_key: string;
  jid: string;
  name: string;
  /** JSON array of strings. */
  group_names: string;
  subscription: string;
  /** 0 or 1, as are the next two. */
  ask: number;
  approved: number;
  listed: number;
  pending_in: string | null;
}

/** One row for each roster that was ever written. */
export interface RosterVersionsTable extends AccountKey {
  version: number;
}

/** One row for each account that ever had an offline message; its lock orders the adds and holds the limit. */
export interface OfflineQueuesTable extends AccountKey {
  last_id: number;
  kept: number;
}

/** Offline messages. */
export interface OfflineMessagesTable extends AccountKey {
  id: number;
  stored_at: number;
  text: string;
}

/** Documents. */
export interface DocumentsTable extends AccountKey {
  kind: string;
  /** `indexKey` of `document_key`. */
  index_key: string;
  document_key: string;
  text: string;
}

/** Messages that sessions hold for their clients. */
export interface HeldMessagesTable extends AccountKey {
  member: string;
  /** Made by the member. */
  id: number;
  /** ms since the epoch. */
  stored_at: number;
  text: string;
}

/** Every table. */
export interface Schema {
  accounts: AccountsTable;
  roster_items: RosterItemsTable;
  roster_versions: RosterVersionsTable;
  offline_queues: OfflineQueuesTable;
  offline_messages: OfflineMessagesTable;
  documents: DocumentsTable;
  held_messages: HeldMessagesTable;
}
