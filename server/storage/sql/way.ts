// What a store gives to be kept in a relational database.
import type { Apart, StoreAccount } from "../../ports/store.ts";
import type { StorageBounds } from "../backend/backend.ts";
import type { SqlEngine, Work } from "./engine.ts";
import type { Migration } from "./migration.ts";

/** What a store in SQL may use. */
export interface SqlParts {
  readonly engine: SqlEngine;
  readonly bounds: StorageBounds;
  /** ms since the epoch. */
  now(): number;
  /** Forgets, within a transaction, what every other store of this database keeps for an account. */
  purgeOthers(account: StoreAccount): Work<void>;
  /** The stores that are kept elsewhere. */
  readonly apart: Apart;
}

/** A store in SQL as made. */
export interface SqlStore<S extends object> {
  readonly store: S;
  /** Forgets, within a transaction, all that it keeps for an account; run after the account's own row is locked. */
  purge(account: StoreAccount): Work<void>;
  /** Called once every store of the node is open. */
  start?(): void;
  /** Resolves once everything taken so far is stored or refused. */
  idle?(): Promise<void>;
}

/** How a store is kept in SQL: its tables, and what reads and writes them. */
export interface SqlWay<S extends object> {
  /** Every step that its tables ever took, in order; none is changed or removed once it was released. */
  readonly migrations: readonly Migration[];
  make(parts: SqlParts): SqlStore<S>;
}
