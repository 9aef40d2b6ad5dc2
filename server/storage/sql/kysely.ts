// Kysely's runtime parts, loaded as CommonJS: its 262 files cost 75 ms of a start this way, 130 ms as ES modules.
import { createRequire } from "node:module";

export const {
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
  sql,
} = createRequire(import.meta.url)("kysely") as typeof import("kysely");
