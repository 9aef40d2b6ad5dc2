// Opens the storage that a configuration names, its schema brought up to date.
import { Failure } from "../../contract/told.ts";
import { type Clock, systemClock } from "../../xmpp/clock.ts";
import { type Storage, StoreUnavailable } from "../ports/store.ts";
import type { StorageConfig } from "./config.ts";
import { memoryStorage } from "./memory/storage.ts";
import { type Observer, observed } from "./observed.ts";
import type { SqlEngine, StorageBounds } from "./sql/engine.ts";
import { codeOf, messageOf } from "./sql/engines/fault.ts";
import { PooledEngine } from "./sql/engines/pooled.ts";
import { SqliteEngine } from "./sql/engines/sqlite.ts";
import { WithReader } from "./sql/engines/with-reader.ts";
import { SchemaTooNew } from "./sql/migrations/migrate.ts";
import { sqlStorage } from "./sql/storage.ts";

/** The part of a logger that storage uses; `pino` has it. */
export interface StorageLog {
  warn(facts: Record<string, unknown>, text: string): void;
}

/** What may be given beside the configuration. */
export interface OpenOptions {
  readonly log?: StorageLog;
  /** Wall-clock time of roster versions. Time bounds are always real time. */
  readonly clock?: Clock;
  /** Default: 5 s for an operation, 5,000 under way or waiting (SQLite: 10,000 writes). */
  readonly bounds?: Partial<StorageBounds>;
  /** Told how long each operation of a store took. */
  readonly observe?: Observer;
}

/** A storage that cannot be opened: says which one (without its password), why, and what to do. */
export class StorageOpenError extends Failure {
  override name = "StorageOpenError";
  /** True where it may open later without anybody correcting anything: what is there does not answer. */
  readonly passes: boolean;

  constructor(message: string, passes: boolean, cause: unknown) {
    super(message, { cause });
    this.passes = passes;
  }
}

/** What waiting does not mend, by the codes of the drivers: rights, a missing database, certificates. */
const MISTAKE = /^28|^3D000$|^42501$|DENIED|ER_BAD_DB_ERROR|CERT|SIGNED|ISSUER|ALTNAME|TLS|SSL/;

const OPERATION_MS = 5000;
const MAX_WAITING = { sqlite: 10_000, postgres: 5000, mysql: 5000 };

/**
 * Opens a storage. A database that does not answer is tried for the time of one operation.
 * @throws StorageOpenError
 */
export async function openStorage(config: StorageConfig, options: OpenOptions = {}): Promise<Storage> {
  const storage = await openPlain(config, options);
  return options.observe === undefined ? storage : observed(storage, options.observe);
}

async function openPlain(config: StorageConfig, options: OpenOptions): Promise<Storage> {
  const clock = options.clock ?? systemClock;
  if (config.kind === "memory") return memoryStorage(clock);
  const bounds = { operationMs: OPERATION_MS, maxWaiting: MAX_WAITING[config.kind], ...options.bounds };
  let engine: SqlEngine | undefined;
  let answered = false;
  // Until it answered once, whoever opens it is told by the error.
  const log: StorageLog = { warn: (facts, text) => (answered ? options.log?.warn(facts, text) : undefined) };
  try {
    engine = await openEngine(config, bounds, log);
    const storage = sqlStorage(engine, () => clock.now(), bounds);
    await storage.ping();
    answered = true;
    await engine.migrate();
    return storage;
  } catch (error) {
    await engine?.close();
    throw openError(config, error);
  }
}

type SqlConfig = Exclude<StorageConfig, { kind: "memory" }>;

async function openEngine(config: SqlConfig, bounds: StorageBounds, log?: StorageLog): Promise<SqlEngine> {
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
      ? (await import("./sql/engines/postgres.ts")).postgresPool(options)
      : (await import("./sql/engines/mysql.ts")).mysqlPool(options);
  return new PooledEngine(pool, bounds, (up, reason) => {
    if (up) log?.warn({ storage }, "the database answers again");
    else log?.warn({ storage, reason }, "the database does not answer");
  });
}

function openError(config: SqlConfig, error: unknown): StorageOpenError {
  const where = config.kind === "sqlite" ? config.file : redactUrl(config.url);
  const reason = messageOf(error).replace(/^the database is not available: /, "");
  const code = deepestCode(error);
  const advice = error instanceof SchemaTooNew ? "" : `; ${adviceFor(config, code)}`;
  const passes = error instanceof StoreUnavailable && !MISTAKE.test(code);
  return new StorageOpenError(`storage ${where}: ${reason}${advice}`, passes, error);
}

/** A URL as it may be shown: its password and every parameter that could hold one left out. */
export function redactUrl(text: string): string {
  if (!URL.canParse(text)) return "(a URL that cannot be read)";
  const url = new URL(text);
  if (url.password !== "") url.password = "***";
  for (const name of url.searchParams.keys()) if (/pass|secret|key/i.test(name)) url.searchParams.set(name, "***");
  return url.href;
}

function deepestCode(error: unknown): string {
  const cause = typeof error === "object" && error !== null && "cause" in error ? error.cause : undefined;
  return (cause === undefined ? "" : deepestCode(cause)) || codeOf(error);
}

function adviceFor(config: SqlConfig, code: string): string {
  if (config.kind === "sqlite") return "the folder must be writable and the file a SQLite database of Meridian's";
  const database = URL.canParse(config.url) ? new URL(config.url).pathname.slice(1) : "";
  if (code === "3D000" || code === "ER_BAD_DB_ERROR") return `create the database: CREATE DATABASE ${database}`;
  if (code.startsWith("28") || code.includes("DENIED")) return "check the user, the password and the user's rights";
  const server = config.kind === "postgres" ? "PostgreSQL" : "MySQL or MariaDB";
  return `check that ${server} runs there, and the host, port and sslmode of storage.url`;
}
