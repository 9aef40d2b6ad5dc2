// MySQL and MariaDB by `mysql2`: a pool whose connections keep the stores' statements prepared.
import mysql from "mysql2/promise";
import type { Bound, Result } from "../statement.ts";
import { FOUND_THERE } from "../words.ts";
import { ConnectionLost, codeOf, type Fault, messageOf } from "./fault.ts";
import type { Connection, Pool } from "./pooled.ts";
import type { PoolOptions } from "./postgres.ts";
import { tlsOf } from "./tls.ts";

/** Statements a connection keeps prepared; those of batches come in as many forms as there are sizes. */
const PREPARED = 256;

/** What every connection is set to: exact errors for what does not fit, and locks on rows alone. */
const SETTINGS = [
  "set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
  "set session transaction isolation level read committed",
  "set session innodb_lock_wait_timeout = 5",
];

/** A pool of MySQL or MariaDB. Nothing is connected before it is asked. @throws Error where the URL is wrong */
export function mysqlPool({ url, size, operationMs }: PoolOptions): Pool {
  const parsed = new URL(url);
  const ssl = tlsOf(parsed);
  const pool = mysql.createPool({
    ...addressOf(parsed),
    ...(ssl === undefined ? {} : { ssl: ssl as mysql.SslOptions }),
    charset: "utf8mb4_bin",
    connectionLimit: size,
    maxIdle: size,
    connectTimeout: operationMs,
    maxPreparedStatements: PREPARED,
    enableKeepAlive: true,
  });
  const ready = new WeakSet<object>();

  async function connect(): Promise<Connection> {
    const client = await answered(pool.getConnection());
    const connection = new MysqlConnection(client);
    if (ready.has(client.connection)) return connection;
    try {
      for (const sql of SETTINGS) await connection.query({ name: "", sql, values: [] }, operationMs);
    } catch (error) {
      connection.release(true);
      throw error;
    }
    ready.add(client.connection);
    return connection;
  }

  return { dialect: "mysql", connect, faultOf, end: () => pool.end() };
}

class MysqlConnection implements Connection {
  readonly #client: mysql.PoolConnection;

  constructor(client: mysql.PoolConnection) {
    this.#client = client;
  }

  async query({ sql, values, tuples }: Bound, timeout: number): Promise<Result> {
    const options = { sql, timeout, rowsAsArray: tuples === true };
    // Without values it is a statement of transactions or tables, some of which cannot be prepared.
    const running = values.length === 0 ? this.#client.query(options) : this.#client.execute(options, values);
    const [answer] = await answered(running);
    if (Array.isArray(answer)) return { rows: answer.map(textRow), changes: 0 };
    return { rows: [], changes: answer.insertId === FOUND_THERE ? 0 : answer.affectedRows };
  }

  release(broken: boolean): void {
    if (broken) this.#client.destroy();
    else this.#client.release();
  }
}

/** Key columns are binary in MySQL, so that they compare exactly and fit an index; they hold UTF-8. */
function textRow(row: unknown): unknown {
  if (Array.isArray(row)) return row.map(textValue);
  if (typeof row !== "object" || row === null) return row;
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, textValue(value)]));
}

function textValue(value: unknown): unknown {
  return Buffer.isBuffer(value) ? value.toString("utf8") : value;
}

/** Tells what the server answered (`ER_…`) from a connection that failed. */
async function answered<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    if (codeOf(error).startsWith("ER_")) throw error;
    throw new ConnectionLost(messageOf(error), { cause: error });
  }
}

const FAULTS: Readonly<Record<Exclude<Fault, "wrong">, ReadonlySet<string>>> = {
  conflict: new Set(["ER_LOCK_DEADLOCK", "ER_LOCK_WAIT_TIMEOUT", "ER_CHECKREAD"]),
  // A primary that has become a replica is lost too: another connection finds the new one.
  lost: new Set([
    "ER_SERVER_SHUTDOWN",
    "ER_NORMAL_SHUTDOWN",
    "ER_CONNECTION_KILLED",
    "ER_OPTION_PREVENTS_STATEMENT",
    "ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION",
    "ER_READ_ONLY_MODE",
  ]),
  refused: new Set([
    "ER_ACCESS_DENIED_ERROR",
    "ER_DBACCESS_DENIED_ERROR",
    "ER_BAD_DB_ERROR",
    "ER_TABLEACCESS_DENIED_ERROR",
  ]),
  down: new Set([
    "ER_CON_COUNT_ERROR",
    "ER_TOO_MANY_USER_CONNECTIONS",
    "ER_QUERY_INTERRUPTED",
    "ER_QUERY_TIMEOUT",
    "ER_STATEMENT_TIMEOUT",
    "ER_DISK_FULL",
    "ER_RECORD_FILE_FULL",
    "ER_OUT_OF_RESOURCES",
    "ER_HOST_IS_BLOCKED",
  ]),
};

function faultOf(error: unknown): Fault {
  if (error instanceof ConnectionLost) return "lost";
  const code = codeOf(error);
  if (FAULTS.conflict.has(code)) return "conflict";
  if (FAULTS.lost.has(code)) return "lost";
  if (FAULTS.refused.has(code)) return "refused";
  return FAULTS.down.has(code) ? "down" : "wrong";
}

function addressOf(url: URL): mysql.PoolOptions {
  const socketPath = url.searchParams.get("socket");
  return {
    ...(socketPath === null
      ? { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port || 3306) }
      : { socketPath }),
    user: decodeURIComponent(url.username) || "root",
    ...(url.password === "" ? {} : { password: decodeURIComponent(url.password) }),
    database: decodeURIComponent(url.pathname.slice(1)),
  };
}
