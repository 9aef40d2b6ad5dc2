// Brings a schema to the newest version: one transaction under a lock that every process of a region respects.
import type { DialectName } from "../dialect.ts";
import { rows, type Work } from "../engine.ts";
import { COLUMN_TYPES, type SchemaStep } from "../migration.ts";
import type { Bound } from "../statement.ts";
import { accountsMigration } from "./0001-accounts.ts";
import { heldMigration } from "./0002-held.ts";
import { disabledMigration } from "./0003-disabled.ts";
import { heldKeysMigration } from "./0004-held-keys.ts";
import { rosterContactsMigration } from "./0005-roster-contacts.ts";

/** Every migration in order. */
export const MIGRATIONS: readonly SchemaStep[] = [
  accountsMigration,
  heldMigration,
  disabledMigration,
  heldKeysMigration,
  rosterContactsMigration,
];

/** How long a process waits for another one's migrations, and for its own, ms. */
export const MIGRATION_MS = 600_000;

/** The database was made by a newer Meridian. */
export class SchemaTooNew extends Error {
  override name = "SchemaTooNew";
}

/** Any number that nobody else takes as an advisory lock: "meridian" as eight letters on a telephone. */
const POSTGRES_LOCK = 63743426;
const MYSQL_LOCK = "meridian.schema";

/** Runs what is missing and returns the versions it ran. SQLite's write transaction is the lock itself. */
export function* migrateAll(dialect: DialectName, now: number, migrations = MIGRATIONS): Work<number[]> {
  yield* lock(dialect);
  yield plain("create table if not exists meridian_schema (version integer primary key, applied_at bigint not null)");
  const versions = yield* rows(
    plain<{ version: number | null }>("select max(version) as version from meridian_schema"),
  );
  const found = versions[0]?.version ?? 0;
  const newest = migrations.at(-1)?.version ?? 0;
  if (found > newest) {
    throw new SchemaTooNew(`the database has schema version ${found}, this Meridian knows ${newest}: run a newer one`);
  }
  const ran: number[] = [];
  for (const migration of migrations) {
    if (migration.version <= found) continue;
    for (const text of migration.statements(COLUMN_TYPES[dialect], dialect)) yield plain(text);
    yield plain(`insert into meridian_schema (version, applied_at) values (${migration.version}, ${Math.trunc(now)})`);
    ran.push(migration.version);
  }
  if (dialect === "mysql") yield plain(`select release_lock('${MYSQL_LOCK}')`);
  return ran;
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
