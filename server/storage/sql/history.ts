// Brings the tables of stores up to date by a history that is checked: one transaction under a lock of the region's own.
import { hash } from "node:crypto";
import type { DialectName } from "./dialect.ts";
import { rows, type Work } from "./engine.ts";
import { COLUMN_TYPES, type Migration } from "./migration.ts";
import { type Bound, bind, statement } from "./statement.ts";
import { insertOrIgnore } from "./words.ts";

/** A store's migrations in order: the first is its step 1. */
export interface StoreMigrations {
  readonly name: string;
  readonly migrations: readonly Migration[];
}

/** How long a process waits for another one's migrations, and for its own, ms. */
export const MIGRATION_MS = 600_000;

/** The database was made by a newer Meridian. */
export class SchemaTooNew extends Error {
  override name = "SchemaTooNew";
}

/** What was done to the database is not what this Meridian would have done; nothing was changed. */
export class HistoryDiffers extends Error {
  override name = "HistoryDiffers";
}

/** Any number that nobody else takes as an advisory lock: "meridian" as eight letters on a telephone. */
const POSTGRES_LOCK = 63743426;
const MYSQL_LOCK = "meridian.schema";

/**
 * Version of the schema as nodes see it that know of no history by store, and would not see a step that it tells of:
 * they do not start on it. Up to 5 it counted the steps of all stores together.
 */
const WITH_HISTORY = 6;

/** The stores that have, or had, tables in a database: also those that are kept elsewhere by now. */
export const STORES_IN_HISTORY: Bound<{ store: string }> = plain(
  "select distinct store from meridian_migrations order by store",
);

/** A step that was taken. */
interface Step {
  readonly store: string;
  readonly step: number;
  readonly name: string;
  readonly checksum: string;
}

/**
 * Takes the steps that stores which are `kept` here have not taken, and gives them as `store/step`; `known` are all that
 * this Meridian knows. SQLite's write transaction is the lock itself. @throws SchemaTooNew, HistoryDiffers
 */
export function* migrateAll(
  dialect: DialectName,
  now: number,
  kept: readonly StoreMigrations[],
  known: readonly StoreMigrations[],
): Work<string[]> {
  yield* lock(dialect);
  const { key, big } = COLUMN_TYPES[dialect];
  yield plain("create table if not exists meridian_schema (version integer primary key, applied_at bigint not null)");
  yield plain(`create table if not exists meridian_migrations (store ${key(64)} not null, step integer not null,
    name ${key(64)} not null, checksum ${key(64)} not null, applied_at ${big} not null, primary key (store, step))`);
  yield plain(`create table if not exists meridian_nodes (node ${key(255)} primary key, proven_at ${big} not null)`);
  yield* carryOver(dialect, now, known);
  const taken = yield* rows(
    plain<Step>("select store, step, name, checksum from meridian_migrations order by store, step"),
  );
  checkHistory(dialect, taken, known);
  const ran: string[] = [];
  for (const { name, migrations } of kept) {
    const before = taken.filter(({ store }) => store === name).length;
    for (const [at, migration] of migrations.entries()) {
      if (at < before) continue;
      for (const text of textsOf(migration, dialect)) yield plain(text);
      yield note(dialect, now, stepOf(dialect, name, at, migration));
      ran.push(`${name}/${at + 1}`);
    }
  }
  if (dialect === "mysql") yield plain(`select release_lock('${MYSQL_LOCK}')`);
  return ran;
}

/** Writes the history of a database that was made before there was one by store. */
function* carryOver(dialect: DialectName, now: number, known: readonly StoreMigrations[]): Work<void> {
  const versions = yield* rows(
    plain<{ version: number | null }>("select max(version) as version from meridian_schema"),
  );
  const found = versions[0]?.version ?? 0;
  if (found > WITH_HISTORY)
    throw new SchemaTooNew(
      `the database has schema version ${found}, this Meridian knows ${WITH_HISTORY}: run a newer one`,
    );
  if (found === WITH_HISTORY) return;
  for (const { name, migrations } of known)
    for (const [at, migration] of migrations.entries())
      if ((migration.carried ?? Number.POSITIVE_INFINITY) <= found)
        yield note(dialect, now, stepOf(dialect, name, at, migration));
  yield plain(`insert into meridian_schema (version, applied_at) values (${WITH_HISTORY}, ${Math.trunc(now)})`);
}

/** Every step that was taken must be one of this Meridian's, as it is here, with all before it. */
function checkHistory(dialect: DialectName, taken: readonly Step[], known: readonly StoreMigrations[]): void {
  for (const [store, steps] of Map.groupBy(taken, ({ store }) => store)) {
    const migrations = known.find(({ name }) => name === store)?.migrations;
    if (migrations === undefined)
      throw new SchemaTooNew(`the database has a store ${store}, which this Meridian does not know: run a newer one`);
    for (const [at, { step, name, checksum }] of steps.entries()) {
      if (step !== at + 1)
        throw new HistoryDiffers(
          `the history of ${store} has no step ${at + 1}, and a step ${step}; nothing was changed`,
        );
      const migration = migrations[at];
      if (migration === undefined)
        throw new SchemaTooNew(
          `the database has step ${step} (${name}) of ${store}, this Meridian knows ${migrations.length}: run a newer one`,
        );
      if (name !== migration.name)
        throw new HistoryDiffers(
          `step ${step} of ${store} was ${name} in the database, and is ${migration.name} here; nothing was changed`,
        );
      if (checksum !== checksumOf(migration, dialect))
        throw new HistoryDiffers(
          `step ${step} (${name}) of ${store} did something else to the database than it does here; nothing was changed`,
        );
    }
  }
}

function stepOf(dialect: DialectName, store: string, at: number, migration: Migration): Step {
  return { store, step: at + 1, name: migration.name, checksum: checksumOf(migration, dialect) };
}

function note(dialect: DialectName, now: number, step: Step): Bound {
  const into =
    "meridian_migrations (store, step, name, checksum, applied_at) values (:store, :step, :name, :checksum, :at)";
  const insert = statement<Record<string, string | number>, unknown>(dialect, "", insertOrIgnore(dialect, into));
  return bind(insert, { ...step, at: Math.trunc(now) });
}

function textsOf(migration: Migration, dialect: DialectName): string[] {
  return migration.statements(COLUMN_TYPES[dialect], dialect);
}

/** SHA-256, in hexadecimal, of what a step does in a dialect, however that is written in lines. */
export function checksumOf(migration: Migration, dialect: DialectName): string {
  return hash("sha256", textsOf(migration, dialect).join(";").replace(/\s+/g, " "), "hex");
}

function* lock(dialect: DialectName): Work<void> {
  if (dialect === "postgres") {
    yield plain("set local statement_timeout = 0");
    yield plain(`select pg_advisory_xact_lock(${POSTGRES_LOCK})`);
  }
  if (dialect === "mysql") {
    const got = yield* rows(plain<{ got: number | null }>(`select get_lock('${MYSQL_LOCK}', 600) as got`));
    if (got[0]?.got !== 1) throw new Error("another process has held the lock of the migrations for ten minutes");
  }
}

function plain<R>(text: string): Bound<R> {
  return { name: "", sql: text, values: [] };
}
