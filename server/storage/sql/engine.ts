// What the stores ask of a database: one read, or one transaction written as a generator of statements.
import type { DialectName } from "./dialect.ts";
import type { Bound, Result } from "./statement.ts";

/**
 * A transaction: yields statements, is given their results, returns its value. One text of a store serves a
 * synchronous database (driven without a promise, many in one commit) and one behind a socket. It may run more than
 * once (conflicts, a commit shared with another that failed), so it must have no effect but its statements.
 */
export type Work<T> = Generator<Bound, T, Result>;

/** How a transaction may be treated. */
export interface WriteOptions {
  /** True where doing it twice gives the same state and the same answer, so that a lost connection is no failure. */
  readonly idempotent: boolean;
  /** When its time began (monotonic clock, ms); default: now. */
  readonly since?: number;
}

/** How a read may be treated. */
export interface ReadOptions {
  /** True where the answer may be a moment behind, so that a replica may give it. */
  readonly mayLag: boolean;
}

/** A database. Every method rejects with `StoreUnavailable` where it is down, too slow or has too many waiting. */
export interface SqlEngine {
  readonly dialect: DialectName;
  /** Runs one statement that changes nothing. */
  read<R>(query: Bound<R>, options?: ReadOptions): Promise<R[]>;
  /** Runs one statement that changes something and gives the number of rows it changed. */
  change(query: Bound, options: WriteOptions): Promise<number>;
  /** As `change`, and gives the rows that the statement returns. */
  changeRows<R>(query: Bound<R>, options: WriteOptions): Promise<R[]>;
  /** Runs `work` in one transaction. */
  write<T>(work: () => Work<T>, options: WriteOptions): Promise<T>;
  /** Runs `work` as `write` does, with the time that migrations may take. */
  migrate(work: () => Work<unknown>): Promise<void>;
  close(): Promise<void>;
}

/** Yields a statement and gives its rows, typed. */
export function* rows<R>(query: Bound<R>): Work<R[]> {
  const result = yield query;
  return result.rows as R[];
}

/** Yields a statement and gives the number of rows it changed. */
export function* changes(query: Bound): Work<number> {
  const result = yield query;
  return result.changes;
}
