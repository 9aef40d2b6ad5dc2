// Where a node keeps what it keeps: the storage part of the configuration contract.
import { z } from "zod";

const READER = "A replica, for lists and counts of administration that may be a moment behind.";

const Memory = z
  .strictObject({ kind: z.literal("memory") })
  .describe("Nothing survives the process, and no other node sees it: tests, and what may be lost.");
const Sqlite = z.strictObject({
  kind: z.literal("sqlite"),
  file: z.string().min(1).describe("Database file."),
  synchronous: z
    .enum(["normal", "full"])
    .default("normal")
    .describe("full: also a power cut loses nothing that was told to be stored."),
});
const PostgresUrl = z.string().regex(/^postgres(ql)?:\/\//, "postgres://user@host/database");
const Postgres = z.strictObject({
  kind: z.literal("postgres"),
  url: PostgresUrl.describe("postgres://user:password@host/database"),
  readerUrl: PostgresUrl.exactOptional().describe(READER),
  poolSize: z.int().min(1).max(500).default(10).describe("Connections to the database, at most."),
});
const MysqlUrl = z.string().regex(/^(mysql|mariadb):\/\//, "mysql://user@host/database");
const Mysql = z.strictObject({
  kind: z.literal("mysql"),
  url: MysqlUrl.describe("mysql://user:password@host/database"),
  readerUrl: MysqlUrl.exactOptional().describe(READER),
  poolSize: z.int().min(1).max(500).default(10).describe("Connections to the database, at most."),
});

/** A backend by kind. */
export const BackendConfig = z.discriminatedUnion("kind", [Memory, Sqlite, Postgres, Mysql]);
export type BackendConfig = z.output<typeof BackendConfig>;

const choice = {
  stores: z
    .record(z.string(), BackendConfig)
    .exactOptional()
    .describe(
      "Backends of single stores, by the store's name (accounts, rosters, offline, documents, held); all others are kept by the backend that is named here. What a store has is not moved with it, and stays in its old backend, where nothing purges it.",
    ),
};

/** The backend that keeps whatever no other one is named for, and those others. */
export const StorageConfig = z.discriminatedUnion("kind", [
  Memory.extend(choice).describe("Nothing survives the process: tests."),
  Sqlite.extend(choice),
  Postgres.extend(choice),
  Mysql.extend(choice),
]);
export type StorageConfig = z.output<typeof StorageConfig>;
