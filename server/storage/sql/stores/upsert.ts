// "Insert, or update what is there": the one thing the three dialects write differently.
import type { InsertQueryBuilder, InsertResult, Kysely } from "kysely";
import type { DialectName } from "../dialect.ts";
import type { Schema } from "../schema.ts";

/** What the stores build their statements with. */
export interface Builder {
  readonly dialect: DialectName;
  readonly db: Kysely<Schema>;
}

type Insert<T extends keyof Schema> = InsertQueryBuilder<Schema, T, InsertResult>;

/** Does nothing where a row with the same primary key is there. */
export function orIgnore<T extends keyof Schema>({ dialect }: Builder, insert: Insert<T>): Insert<T> {
  return dialect === "mysql" ? insert.ignore() : insert.onConflict((conflict) => conflict.doNothing());
}
