// What a store is: its name, and a way to keep it in each family of backends that can.
import type { StoreAccount, StoreKey } from "../ports/store.ts";
import type { MemoryWay } from "./memory/way.ts";
import type { SqlWay } from "./sql/way.ts";

/**
 * Ways to keep a store, by family of backends. Another family (a document database, a wide-column store) is one more
 * field here, whose type says what a store must give for it; its kinds of backends are opened by `backends.ts`.
 */
export interface Ways<S extends object> {
  /** In a relational database: SQLite, PostgreSQL, MySQL or MariaDB. */
  sql: SqlWay<S>;
  /** In the process, for tests and for what may be lost. */
  memory: MemoryWay<S>;
}

/** A family of backends. */
export type Family = keyof Ways<object>;

/** A store as its feature declares it. Migrations, metrics, purge, export and the choice of its backend follow. */
export interface StoreDefinition<S extends object = object> extends StoreKey<S>, Partial<Readonly<Ways<S>>> {
  /** One word in lower case, for the configuration, metrics (`name.operation`) and the history of migrations. */
  readonly name: string;
  /**
   * Everything kept for an account, one record after the other, each as JSON can have it: whoever leaves takes it along.
   * Without what somebody could log in with: the keys of passwords, tokens.
   */
  exported(store: S, account: StoreAccount): AsyncIterable<object>;
}

/** Declares a store. */
export function defineStore<S extends object>(definition: StoreDefinition<S>): StoreDefinition<S> {
  return definition;
}
