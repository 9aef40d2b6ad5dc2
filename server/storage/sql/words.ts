// What the dialects write differently, in one place: everything else of a statement is the same text in all of them.
import type { DialectName } from "./dialect.ts";

/**
 * What MySQL says of an insertion that found its row there, as `insertId`: it is no change. No table counts by itself
 * (`auto_increment`) up to there.
 */
export const FOUND_THERE = 999_999_999_999;

/**
 * `into` (a table, its columns and values, of one row) inserted; nothing where a row with the same primary key is there.
 *
 * MySQL's `insert ignore` would share the lock of a row that is there, or is being removed, with whoever else inserts the
 * same; as soon as two of them want it alone, to insert behind a removal or to change it, each waits for the other's share:
 * a deadlock. This takes it alone from the start, and says by `last_insert_id` that it did nothing: as `affectedRows` a row
 * that was found counts like one that was made, since the driver counts rows found.
 */
export function insertOrIgnore(dialect: DialectName, into: string): string {
  if (dialect !== "mysql") return `insert into ${into} on conflict do nothing`;
  const column = /\(\s*(\w+)/.exec(into)?.[1] ?? "";
  return `insert into ${into} on duplicate key update ${column} = if(last_insert_id(${FOUND_THERE}) = 0, ${column}, ${column})`;
}

/** `into` inserted, or `update` (as after `set`) where a row with the same primary key, `keys`, is there. */
export function insertOrUpdate(dialect: DialectName, into: string, keys: string, update: string): string {
  return dialect === "mysql"
    ? `insert into ${into} on duplicate key update ${update}`
    : `insert into ${into} on conflict (${keys}) do update set ${update}`;
}

/** `select` whose rows stay locked until the transaction's end. SQLite has one writer and needs no lock. */
export function locking(dialect: DialectName, select: string): string {
  return dialect === "sqlite" ? select : `${select} for update`;
}

/** A column of text to be compared exactly: MySQL takes texts for equal that differ in spaces at their end. */
export function exactly(dialect: DialectName, column: string): string {
  return dialect === "mysql" ? `cast(${column} as binary)` : column;
}

/** So many rows of so many places, as after `values`. */
export function tuples(rows: number, columns: number): string {
  const row = `(${Array.from({ length: columns }, () => "?").join(", ")})`;
  return Array.from({ length: rows }, () => row).join(", ");
}

/** So many alternatives of values for these columns, as after `where`: `(a = ? and b = ?) or (a = ? and b = ?)`. */
export function anyOf(columns: readonly string[], alternatives: number): string {
  const one = `(${columns.map((column) => `${column} = ?`).join(" and ")})`;
  return Array.from({ length: alternatives }, () => one).join(" or ");
}
