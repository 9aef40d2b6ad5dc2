// Kysely as the compiler of three dialects: queries are built once, compiled once, and run by our own engines.

import type { Kysely as KyselyOf } from "kysely";
import {
  DummyDriver,
  Kysely,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "./kysely.ts";
import type { Schema } from "./schema.ts";

/** The SQL dialects Meridian speaks; `mysql` is MariaDB too. */
export type DialectName = "sqlite" | "postgres" | "mysql";

/** A query builder of `dialect` that compiles and never runs: an engine does that. */
export function compilerOf(dialect: DialectName): KyselyOf<Schema> {
  return new Kysely<Schema>({ dialect: { ...PARTS[dialect], createDriver: () => new DummyDriver() } });
}

const PARTS = {
  sqlite: {
    createAdapter: () => new SqliteAdapter(),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (db: KyselyOf<unknown>) => new SqliteIntrospector(db),
  },
  postgres: {
    createAdapter: () => new PostgresAdapter(),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createIntrospector: (db: KyselyOf<unknown>) => new PostgresIntrospector(db),
  },
  mysql: {
    createAdapter: () => new MysqlAdapter(),
    createQueryCompiler: () => new MysqlQueryCompiler(),
    createIntrospector: (db: KyselyOf<unknown>) => new MysqlIntrospector(db),
  },
};
