// Storage: CPU and time of the hot operations on SQLite and PostgreSQL, each beside the same by the raw driver.

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import pg from "pg";
import { ACCOUNTS } from "../server/accounts/store.ts";
import { OFFLINE } from "../server/modules/offline/store.ts";
import type { RosterItem } from "../server/modules/roster/port.ts";
import { ROSTERS } from "../server/modules/roster/store.ts";
import type { Stores } from "../server/ports/store.ts";
import { openStorage } from "../server/stores.ts";
import { removeFolder, temporaryFolder } from "../test/harness/children.ts";
import { startPostgres } from "../test/harness/postgres.ts";
import { find } from "../test/harness/software.ts";
import { format, type Table } from "./harness/figures.ts";

/** One operation on one database: µs of this process's CPU and of the clock, ours and the raw driver's. */
export interface StorageFigure {
  readonly database: string;
  readonly operation: string;
  readonly cpu: number;
  readonly rawCpu: number;
  readonly wall: number;
  readonly rawWall: number;
}

const DOMAIN = "verona.test";
const ITEMS = 20;
const ACCOUNT = "select credentials, created_at from accounts where domain = $1 and local_part = $2";
const ROSTER = `select jid, name, group_names, subscription, ask, approved, listed, pending_in from roster_items
  where domain = $1 and local_part = $2`;
const INSERT = "insert into offline_messages (domain, local_part, id, stored_at, text) values ($1, $2, $3, $4, $5)";
const TEXT = `<message from="juliet@capulet.test/b" to="romeo@verona.test"><body>${"x".repeat(100)}</body></message>`;

/** What the raw driver does for one operation; a promise where it is behind a socket. */
interface Raw {
  get(): unknown;
  load(): unknown;
  /** Adds one message of one user and commits it by itself. */
  add(n: number): unknown;
  close(): unknown;
}

/** Runs the benchmark: PostgreSQL is left out where it is not installed. */
export async function storageFigures(): Promise<StorageFigure[]> {
  const folder = temporaryFolder("bench-storage");
  const file = join(folder, "storage.sqlite");
  const sqlite = await openStorage({ kind: "sqlite", file, synchronous: "normal" });
  const figures = await measureAll("sqlite", sqlite, rawSqlite(file), { reads: 20_000, adds: 20_000, flight: 64 });
  removeFolder(folder);
  if (find("postgres") === undefined) return figures;
  const server = await startPostgres({ durable: true });
  const url = await server.createDatabase("bench");
  const postgres = await openStorage({ kind: "postgres", url, poolSize: 10 });
  figures.push(
    ...(await measureAll("postgres", postgres, await rawPostgres(url), { reads: 4000, adds: 20_000, flight: 100 })),
  );
  await server.end();
  return figures;
}

interface Amounts {
  readonly reads: number;
  readonly adds: number;
  /** Messages on their way at once; the raw driver has one. */
  readonly flight: number;
}

async function measureAll(database: string, storage: Stores, raw: Raw, amounts: Amounts): Promise<StorageFigure[]> {
  await fill(storage);
  const { reads, adds, flight } = amounts;
  const figures: StorageFigure[] = [];
  const compare = async (operation: string, ours: Measured, theirs: Measured) => {
    figures.push({ database, operation, cpu: ours.cpu, wall: ours.wall, rawCpu: theirs.cpu, rawWall: theirs.wall });
  };
  const get = () => storage.of(ACCOUNTS).get(DOMAIN, "romeo");
  await compare("accounts.get", await best(reads, 1, get), await best(reads, 1, raw.get));
  const load = () => storage.of(ROSTERS).load(DOMAIN, "romeo");
  await compare(`rosters.load (${ITEMS})`, await best(reads / 2, 1, load), await best(reads / 2, 1, raw.load));
  const add = (n: number) =>
    storage.of(OFFLINE).add({ domain: DOMAIN, local: `user${n % 500}`, text: TEXT, at: 1, limit: 1_000_000 });
  const rawAdds = Math.min(adds, 2000);
  await compare(`offline.add (${flight} in flight)`, await best(adds, flight, add), await best(rawAdds, 1, raw.add));
  await storage.close();
  await raw.close();
  return figures;
}

interface Measured {
  readonly cpu: number;
  readonly wall: number;
}

/** µs a call: the best of three rounds, since what disturbs only ever adds. */
async function best(calls: number, flight: number, call: (n: number) => unknown): Promise<Measured> {
  let result: Measured = { cpu: Number.POSITIVE_INFINITY, wall: Number.POSITIVE_INFINITY };
  let n = 0;
  for (let round = 0; round < 3; round += 1) {
    const cpu = process.cpuUsage();
    const began = performance.now();
    const end = n + calls;
    const lane = async () => {
      while (n < end) await call(n++);
    };
    await Promise.all(Array.from({ length: flight }, lane));
    const used = process.cpuUsage(cpu);
    result = {
      cpu: Math.min(result.cpu, (used.user + used.system) / calls),
      wall: Math.min(result.wall, ((performance.now() - began) * 1000) / calls),
    };
  }
  return result;
}

async function fill(storage: Stores): Promise<void> {
  const keys = { salt: Buffer.alloc(16), iterations: 10_000, storedKey: Buffer.alloc(32), serverKey: Buffer.alloc(32) };
  await storage.of(ACCOUNTS).create(DOMAIN, "romeo", { "SHA-1": keys, "SHA-256": keys }, 1);
  for (let n = 0; n < ITEMS; n += 1) {
    const item: RosterItem = {
      jid: `friend${n}@capulet.test`,
      name: `Friend ${n}`,
      groups: ["Friends"],
      subscription: "both",
      ask: false,
      approved: false,
      pendingIn: undefined,
      listed: true,
    };
    await storage.of(ROSTERS).put(DOMAIN, "romeo", item);
  }
}

function rawSqlite(file: string): Raw {
  const db = new DatabaseSync(file);
  db.exec("pragma synchronous = normal");
  const numbered = (sql: string) => db.prepare(sql.replaceAll("$", "?"));
  const [get, load, add] = [numbered(ACCOUNT), numbered(ROSTER), numbered(INSERT)];
  return {
    get: () => get.get(DOMAIN, "romeo"),
    load: () => load.all(DOMAIN, "romeo"),
    add: (n) => add.run(DOMAIN, "raw", n, 1, TEXT),
    close: () => db.close(),
  };
}

async function rawPostgres(url: string): Promise<Raw> {
  const client = new pg.Client(url);
  await client.connect();
  const run = (name: string, text: string, ...values: unknown[]) => client.query({ name, text, values });
  return {
    get: () => run("get", ACCOUNT, DOMAIN, "romeo"),
    load: () => run("load", ROSTER, DOMAIN, "romeo"),
    add: (n) => run("add", INSERT, DOMAIN, "raw", n, 1, TEXT),
    close: () => client.end(),
  };
}

/** The benchmark as a table. */
export async function storage(): Promise<Table[]> {
  const rows = (await storageFigures()).map((figure) => ({
    operation: `${figure.database} ${figure.operation}`,
    "CPU µs": figure.cpu,
    µs: figure.wall,
    "raw CPU µs": figure.rawCpu,
    "raw µs": figure.rawWall,
    "CPU of raw": figure.cpu / figure.rawCpu,
  }));
  return [{ title: "Storage: one operation, beside the raw driver (its adds one commit each)", rows }];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const table of await storage()) process.stdout.write(format(table));
}
