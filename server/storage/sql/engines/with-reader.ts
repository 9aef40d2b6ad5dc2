// A database with a second address for reads that may be a moment behind: a replica.
import { StoreUnavailable } from "../../../ports/store.ts";
import type { DialectName } from "../dialect.ts";
import type { ReadOptions, SqlEngine, Work, WriteOptions } from "../engine.ts";
import type { Bound } from "../statement.ts";

/** Sends what may be behind to the reader, and to the writer while the reader does not answer. */
export class WithReader implements SqlEngine {
  readonly dialect: DialectName;
  readonly #writer: SqlEngine;
  readonly #reader: SqlEngine;

  constructor(writer: SqlEngine, reader: SqlEngine) {
    this.dialect = writer.dialect;
    this.#writer = writer;
    this.#reader = reader;
  }

  async read<R>(query: Bound<R>, options?: ReadOptions): Promise<R[]> {
    if (options?.mayLag !== true) return this.#writer.read(query);
    try {
      return await this.#reader.read(query);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      return this.#writer.read(query);
    }
  }

  change(query: Bound, options: WriteOptions): Promise<number> {
    return this.#writer.change(query, options);
  }

  changeRows<R>(query: Bound<R>, options: WriteOptions): Promise<R[]> {
    return this.#writer.changeRows(query, options);
  }

  write<T>(work: () => Work<T>, options: WriteOptions): Promise<T> {
    return this.#writer.write(work, options);
  }

  migrate(work: () => Work<unknown>): Promise<void> {
    return this.#writer.migrate(work);
  }

  async close(): Promise<void> {
    await Promise.all([this.#writer.close(), this.#reader.close()]);
  }
}
