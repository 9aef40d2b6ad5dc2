// Opens the engine that a configuration names; nothing is asked of a database yet.
import type { BackendConfig } from "../../../../contract/storage.ts";
import type { StorageBounds, StorageLog } from "../../backend/backend.ts";
import type { SqlEngine } from "../engine.ts";
import { messageOf } from "./fault.ts";
import { redactUrl } from "./open-error.ts";
import { PooledEngine } from "./pooled.ts";
import { SqliteEngine } from "./sqlite.ts";
import { WithReader } from "./with-reader.ts";

/** A relational database of the configuration. */
export type SqlConfig = Exclude<BackendConfig, { kind: "memory" }>;

/** @throws Error of SQLite or of the file system */
export async function openEngine(config: SqlConfig, bounds: StorageBounds, log?: StorageLog): Promise<SqlEngine> {
  if (config.kind === "sqlite") return SqliteEngine.open({ ...config, ...bounds });
  const writer = await openPooled(config, config.url, bounds, log);
  if (config.readerUrl === undefined) return writer;
  return new WithReader(writer, await openPooled(config, config.readerUrl, bounds, log));
}

type PooledConfig = Exclude<SqlConfig, { kind: "sqlite" }>;

async function openPooled(config: PooledConfig, url: string, bounds: StorageBounds, log?: StorageLog) {
  const storage = redactUrl(url);
  const options = {
    url,
    size: config.poolSize,
    operationMs: bounds.operationMs,
    broken: (error: unknown) => log?.warn({ storage, reason: messageOf(error) }, "an idle database connection broke"),
  };
  // A driver is loaded only where it is used: the two cost a fifth of a second at start.
  const pool =
    config.kind === "postgres"
      ? (await import("./postgres.ts")).postgresPool(options)
      : (await import("./mysql.ts")).mysqlPool(options);
  return new PooledEngine(pool, bounds, (up, reason) => {
    if (up) log?.warn({ storage }, "the database answers again");
    else log?.warn({ storage, reason }, "the database does not answer");
  });
}
