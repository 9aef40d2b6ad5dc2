// A connection of a test's own to a storage's database: for what is there already, and for locks.
import { DatabaseSync } from "node:sqlite";
import { setImmediate as turn } from "node:timers/promises";
import mysql from "mysql2/promise";
import pg from "pg";
import type { StorageConfig } from "../../contract/storage.ts";
import type { DialectName } from "../../server/storage/sql/dialect.ts";

/** One connection. */
export interface Raw {
  readonly dialect: DialectName;
  run(sql: string): Promise<unknown>;
  end(): Promise<void>;
}

/** Connects to the database of `config`. */
export async function connectRaw(config: StorageConfig): Promise<Raw> {
  switch (config.kind) {
    case "memory":
      throw new Error("memory has no connections");
    case "sqlite": {
      const db = new DatabaseSync(config.file);
      return { dialect: "sqlite", run: async (sql) => db.exec(sql), end: async () => db.close() };
    }
    case "postgres": {
      const client = new pg.Client({ connectionString: config.url });
      await client.connect();
      return { dialect: "postgres", run: (sql) => client.query(sql), end: () => client.end() };
    }
    case "mysql": {
      const connection = await mysql.createConnection(config.url);
      return { dialect: "mysql", run: (sql) => connection.query(sql), end: () => connection.end() };
    }
  }
}

/** Takes the table of held messages for itself; resolves to what lets it go. */
export async function lockHeld(config: StorageConfig): Promise<() => Promise<void>> {
  const raw = await connectRaw(config);
  const [lock, unlock] =
    raw.dialect === "mysql"
      ? ["lock tables held_messages write", "unlock tables"]
      : ["begin; lock table held_messages in access exclusive mode", "rollback"];
  await raw.run(lock);
  return async () => {
    await raw.run(unlock);
    await raw.end();
  };
}

/** Resolves once a transaction at this server of a test's own waits for a lock. */
export async function someoneWaits(raw: Raw): Promise<void> {
  const waiting =
    raw.dialect === "mysql"
      ? "select 1 from information_schema.global_status where variable_name = 'innodb_row_lock_current_waits' and variable_value > 0"
      : "select pid from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
  while (rowsOf(await raw.run(waiting)).length === 0) await turn();
}

function rowsOf(answer: unknown): readonly unknown[] {
  return Array.isArray(answer) ? (answer[0] as unknown[]) : (answer as pg.QueryResult).rows;
}
