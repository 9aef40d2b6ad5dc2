// "Insert, or update what is there": the one thing the three dialects write differently.
import type { InsertQueryBuilder, InsertResult } from "kysely";
import type { Builder } from "../dialect.ts";
import type { Schema } from "../schema.ts";

export type { Builder } from "../dialect.ts";

type Insert<T extends keyof Schema> = InsertQueryBuilder<Schema, T, InsertResult>;

/** Does nothing where a row with the same primary key is there. */
export function orIgnore<T extends keyof Schema>({ dialect }: Builder, insert: Insert<T>): Insert<T> {
  return dialect === "mysql" ? insert.ignore() : insert.onConflict((conflict) => conflict.doNothing());
}
