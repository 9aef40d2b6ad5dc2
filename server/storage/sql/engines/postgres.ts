// PostgreSQL by `pg`: a pool whose connections keep the stores' statements prepared.
import pg from "pg";
import type { Bound, Result } from "../statement.ts";
import { ConnectionLost, codeOf, type Fault, messageOf } from "./fault.ts";
import type { Connection, Pool } from "./pooled.ts";
import { tlsOf } from "./tls.ts";

/** Settings of a pool, for either server. */
export interface PoolOptions {
  readonly url: string;
  readonly size: number;
  /** Time one statement may take, and one connection to be made or to become free, ms. */
  readonly operationMs: number;
  /** Told of connections that break while nobody uses them. */
  readonly broken: (error: unknown) => void;
}

/** bigint as a number: what we store has at most 53 bits. */
const INT8 = 20;
const types = {
  getTypeParser(oid: number, format?: "text" | "binary"): unknown {
    return oid === INT8 ? Number : pg.types.getTypeParser(oid, format as "text");
  },
};

/** A pool of PostgreSQL. Nothing is connected before it is asked. @throws Error where the URL is wrong */
export function postgresPool({ url, size, operationMs, broken }: PoolOptions): Pool {
  const parsed = new URL(url);
  const pool = new pg.Pool({
    ...addressOf(parsed),
    ssl: tlsOf(parsed) ?? false,
    max: size,
    connectionTimeoutMillis: operationMs,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    application_name: "meridian",
    types: types as pg.CustomTypesConfig,
  });
  const ready = new WeakSet<pg.PoolClient>();
  pool.on("error", broken);
  // A client that breaks while it is held tells it by the query's error; without a listener it would end the process.
  pool.on("connect", (client) => client.on("error", () => {}));

  async function connect(): Promise<Connection> {
    const client = await answered(pool.connect());
    const connection = new PostgresConnection(client);
    if (ready.has(client)) return connection;
    try {
      await connection.query(setting(operationMs), operationMs);
    } catch (error) {
      connection.release(true);
      throw error;
    }
    ready.add(client);
    return connection;
  }

  return { dialect: "postgres", connect, faultOf, end: () => pool.end() };
}

/** By a statement and not at the start of the connection, where poolers (PgBouncer) refuse it. */
function setting(operationMs: number): Bound {
  return { name: "", sql: `set statement_timeout = ${Math.trunc(operationMs)}`, values: [] };
}

class PostgresConnection implements Connection {
  readonly #client: pg.PoolClient;

  constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  async query({ name, sql, values, tuples }: Bound, ms: number): Promise<Result> {
    const query = { text: sql, values, query_timeout: ms, ...(name === "" ? {} : { name }) };
    const running = tuples === true ? this.#client.query({ ...query, rowMode: "array" }) : this.#client.query(query);
    const result = await answered<pg.QueryResult | pg.QueryArrayResult>(running);
    return { rows: result.rows, changes: result.rowCount ?? 0 };
  }

  release(broken: boolean): void {
    this.#client.release(broken);
  }
}

/** Tells what the server answered (it has an SQLSTATE) from a connection that failed. */
async function answered<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    if (/^[0-9A-Z]{5}$/.test(codeOf(error)) && !codeOf(error).startsWith("E")) throw error;
    throw new ConnectionLost(messageOf(error), { cause: error });
  }
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
function faultOf(error: unknown): Fault {
  if (error instanceof ConnectionLost) return "lost";
  const code = codeOf(error);
  if (code === "40001" || code === "40P01") return "conflict";
  // Shut down, crashed, starting; and a primary that has become a replica: another connection finds the new one.
  if (code.startsWith("08") || /^57P0[1235]$/.test(code) || code === "25006") return "lost";
  if (code.startsWith("28") || code === "3D000" || code === "42501") return "refused";
  if (/^(53|57|58)/.test(code) || code === "55P03") return "down";
  return "wrong";
}

function addressOf(url: URL): pg.PoolConfig {
  const socket = url.searchParams.get("host");
  return {
    host: socket ?? (url.hostname.replace(/^\[|\]$/g, "") || "localhost"),
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username) || "postgres",
    ...(url.password === "" ? {} : { password: decodeURIComponent(url.password) }),
    database: decodeURIComponent(url.pathname.slice(1)) || "postgres",
  };
}
