// Kysely as the compiler of three dialects: queries are built once, compiled once, and run by our own engines.
import type { Kysely } from "kysely";
import { kysely } from "./kysely.ts";
import type { Schema } from "./schema.ts";

/** The SQL dialects Meridian speaks; `mysql` is MariaDB too. */
export type DialectName = "sqlite" | "postgres" | "mysql";

/** Every dialect. */
export const DIALECTS: readonly DialectName[] = ["sqlite", "postgres", "mysql"];

/** What the stores build their statements with. */
export interface Builder {
  readonly dialect: DialectName;
  readonly db: Kysely<Schema>;
  /** Statements by store, where they are compiled for the file that nodes read. */
  readonly recorded?: Map<string, Readonly<Record<string, unknown>>>;
}

/** A query builder of `dialect` that compiles and never runs: an engine does that. It is made when first asked for. */
export function builderOf(dialect: DialectName, recorded?: Builder["recorded"]): Builder {
  let db: Kysely<Schema> | undefined;
  return {
    dialect,
    ...(recorded === undefined ? {} : { recorded }),
    get db() {
      db ??= compilerOf(dialect);
      return db;
    },
  };
}

function compilerOf(dialect: DialectName): Kysely<Schema> {
  const { DummyDriver, Kysely } = kysely();
  return new Kysely<Schema>({ dialect: { ...partsOf(dialect), createDriver: () => new DummyDriver() } });
}

function partsOf(dialect: DialectName) {
  const parts = kysely();
  switch (dialect) {
    case "sqlite":
      return {
        createAdapter: () => new parts.SqliteAdapter(),
        createQueryCompiler: () => new parts.SqliteQueryCompiler(),
        createIntrospector: (db: Kysely<unknown>) => new parts.SqliteIntrospector(db),
      };
    case "postgres":
      return {
        createAdapter: () => new parts.PostgresAdapter(),
        createQueryCompiler: () => new parts.PostgresQueryCompiler(),
        createIntrospector: (db: Kysely<unknown>) => new parts.PostgresIntrospector(db),
      };
    case "mysql":
      return {
        createAdapter: () => new parts.MysqlAdapter(),
        createQueryCompiler: () => new parts.MysqlQueryCompiler(),
        createIntrospector: (db: Kysely<unknown>) => new parts.MysqlIntrospector(db),
      };
  }
}
