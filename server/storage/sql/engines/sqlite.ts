// SQLite as an engine: reads at once, writes gathered so that one turn of the event loop costs one commit.

import { closeSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { makeFolder } from "../../../../contract/folder.ts";
import { pause as delay, lastingClock } from "../../../../xmpp/clock.ts";
import { StoreUnavailable } from "../../../ports/store.ts";
import type { StorageBounds } from "../../backend/backend.ts";
import { changes, rows, type SqlEngine, type Work } from "../engine.ts";
import { MIGRATION_MS } from "../history.ts";
import type { Bound, Result } from "../statement.ts";

/** Settings of a SQLite engine. */
export interface SqliteOptions extends StorageBounds {
  readonly file: string;
  /** `normal` survives the process, `full` survives the machine. https://sqlite.org/pragma.html#pragma_synchronous */
  readonly synchronous: "normal" | "full";
}

/** Writes in one commit; also the bound on how long a commit keeps the event loop. */
const BATCH = 256;
/** What SQLite itself waits for another process's lock, ms: it blocks the event loop, so longer waits are timers. */
const BLOCKING_WAIT_MS = 20;
/** Between two tries for a lock, ms. */
const RETRY_MS = 25;

const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
/** Disk full, I/O error, cannot open, read-only, out of memory: the store is down, not the statement wrong. */
const DOWN = new Set([7, 8, 10, 13, 14]);

interface Waiting {
  readonly work: () => Work<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Time of the monotonic clock after which it is refused, ms. */
  readonly deadline: number;
}

interface Prepared {
  readonly statement: StatementSync;
  readonly givesRows: boolean;
}

type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** SQLite by `node:sqlite`. */
export class SqliteEngine implements SqlEngine {
  readonly dialect = "sqlite";
  readonly #db: DatabaseSync;
  readonly #options: SqliteOptions;
  readonly #prepared = new Map<string, Prepared>();
  #queue: Waiting[] = [];
  #scheduled = false;
  #closed = false;

  private constructor(db: DatabaseSync, options: SqliteOptions) {
    this.#db = db;
    this.#options = options;
  }

  /** Opens the file, made (for its owner only) with its folder where missing. @throws Error of SQLite or of the file system */
  static async open(options: SqliteOptions): Promise<SqliteEngine> {
    makeFolder(dirname(options.file));
    closeSync(openSync(options.file, "a", 0o600));
    const db = new DatabaseSync(options.file, { timeout: BLOCKING_WAIT_MS, enableForeignKeyConstraints: true });
    const deadline = performance.now() + options.operationMs;
    for (;;) {
      try {
        db.exec(`pragma journal_mode = wal; pragma synchronous = ${options.synchronous}`);
        return new SqliteEngine(db, options);
      } catch (error) {
        if (!isBusy(error) || performance.now() > deadline) {
          db.close();
          throw error;
        }
      }
      await delay(lastingClock, RETRY_MS);
    }
  }

  read<R>(query: Bound<R>): Promise<R[]> {
    if (this.#closed) return Promise.reject(closedError());
    try {
      return Promise.resolve(this.#prepare(query).statement.all(...query.values) as R[]);
    } catch (error) {
      return isBusy(error) ? this.#readAgain(query) : Promise.reject(translated(error));
    }
  }

  change(query: Bound): Promise<number> {
    return this.write(() => changes(query));
  }

  changeRows<R>(query: Bound<R>): Promise<R[]> {
    return this.write(() => rows(query));
  }

  write<T>(work: () => Work<T>): Promise<T> {
    return this.#enqueue(work, this.#options.operationMs);
  }

  async migrate(work: () => Work<unknown>): Promise<void> {
    await this.#enqueue(work, MIGRATION_MS);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    while (this.#queue.length > 0) await this.write(nothing).catch(() => {});
    this.#closed = true;
    this.#prepared.clear();
    this.#db.close();
  }

  #enqueue<T>(work: () => Work<T>, ms: number): Promise<T> {
    if (this.#closed) return Promise.reject(closedError());
    if (this.#queue.length >= this.#options.maxWaiting) {
      return Promise.reject(new StoreUnavailable(`${this.#queue.length} writes are waiting already`));
    }
    return new Promise<T>((resolve, reject) => {
      const deadline = performance.now() + ms;
      this.#queue.push({ work, resolve: resolve as (value: unknown) => void, reject, deadline });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => this.#flush());
    });
  }

  /** Commits what waits, a batch a turn. */
  #flush(): void {
    this.#scheduled = false;
    if (this.#closed) return;
    const batch = this.#queue.splice(0, BATCH);
    let pause = 0;
    try {
      settle(batch, this.#commit(batch));
    } catch (error) {
      if (isBusy(error)) {
        pause = RETRY_MS;
        this.#queue = [...refuseLate(batch), ...this.#queue];
      } else {
        settle(batch, this.#commitEach(batch));
      }
    }
    if (this.#queue.length === 0) return;
    this.#scheduled = true;
    if (pause > 0) lastingClock.setTimeout(() => this.#flush(), pause);
    else setImmediate(() => this.#flush());
  }

  /** Runs a batch in one transaction. @throws what made it fail, nothing of the batch being kept */
  #commit(batch: readonly Waiting[]): Outcome[] {
    this.#run("begin immediate");
    try {
      const outcomes = batch.map(({ work }) => ({ value: this.#drive(work()) }));
      this.#run("commit");
      return outcomes;
    } catch (error) {
      if (this.#db.isTransaction) this.#run("rollback");
      throw error;
    }
  }

  /** One transaction each, so that only the guilty one fails. */
  #commitEach(batch: readonly Waiting[]): Outcome[] {
    return batch.map((waiting) => {
      try {
        return this.#commit([waiting])[0] as Outcome;
      } catch (error) {
        return { error: translated(error) };
      }
    });
  }

  #drive<T>(work: Work<T>): T {
    let step = work.next();
    while (step.done !== true) step = work.next(this.#result(step.value));
    return step.value;
  }

  #result(query: Bound): Result {
    const { statement, givesRows } = this.#prepare(query);
    if (givesRows) return { rows: statement.all(...query.values), changes: 0 };
    return { rows: [], changes: Number(statement.run(...query.values).changes) };
  }

  #prepare(query: Bound): Prepared {
    const known = this.#prepared.get(query.sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(query.sql);
    if (query.tuples === true) statement.setReturnArrays(true);
    const prepared = { statement, givesRows: statement.columns().length > 0 };
    if (query.name !== "") this.#prepared.set(query.sql, prepared);
    return prepared;
  }

  #run(sql: string): void {
    this.#prepare({ name: sql, sql, values: [] }).statement.run();
  }

  /** The rare read that meets a lock (recovery, a checkpoint's end): tried again until its time is over. */
  async #readAgain<R>(query: Bound<R>): Promise<R[]> {
    const deadline = performance.now() + this.#options.operationMs;
    while (performance.now() < deadline) {
      await delay(lastingClock, RETRY_MS);
      if (this.#closed) throw closedError();
      try {
        return this.#prepare(query).statement.all(...query.values) as R[];
      } catch (error) {
        if (!isBusy(error)) throw translated(error);
      }
    }
    throw new StoreUnavailable("the database file is locked by another process");
  }
}

function* nothing(): Work<void> {}

function settle(batch: readonly Waiting[], outcomes: readonly Outcome[]): void {
  for (const [at, waiting] of batch.entries()) {
    const outcome = outcomes[at] as Outcome;
    if ("error" in outcome) waiting.reject(outcome.error);
    else waiting.resolve(outcome.value);
  }
}

/** Those that may still wait; the others are refused. */
function refuseLate(batch: readonly Waiting[]): Waiting[] {
  const now = performance.now();
  return batch.filter(({ deadline, reject }) => {
    if (now <= deadline) return true;
    reject(new StoreUnavailable("the database file is locked by another process"));
    return false;
  });
}

/** Primary result code. https://sqlite.org/rescode.html */
function codeOf(error: unknown): number {
  const code = typeof error === "object" && error !== null && "errcode" in error ? error.errcode : undefined;
  return typeof code === "number" ? code & 0xff : 0;
}

function isBusy(error: unknown): boolean {
  const code = codeOf(error);
  return code === SQLITE_BUSY || code === SQLITE_LOCKED;
}

function translated(error: unknown): unknown {
  if (!DOWN.has(codeOf(error)) && !isBusy(error)) return error;
  return new StoreUnavailable(`SQLite: ${(error as Error).message}`, { cause: error });
}

function closedError(): StoreUnavailable {
  return new StoreUnavailable("the storage is closed");
}
