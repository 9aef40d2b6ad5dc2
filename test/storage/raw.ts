// A connection of a test's own to a storage's database: for what is there already, and for locks.
import { DatabaseSync } from "node:sqlite";
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
