// The form of a migration, and the column types that differ between dialects.
import type { DialectName } from "./dialect.ts";

/** Column types of one dialect. Text compares by bytes in all of them. */
export interface ColumnTypes {
  /** Text in a key, at most so many bytes. */
  key(bytes: number): string;
  /** Text of any length. */
  readonly text: string;
  /** Integer of 53 bits and more. */
  readonly big: string;
  /** 0 or 1. */
  readonly flag: string;
  /** End of a table whose rows are short and found by their primary key. */
  readonly clustered: string;
}

/** One step forward; there is none back. */
export interface Migration {
  /** One word, for the history: what it is about. */
  readonly name: string;
  /** The version of the schema that brought it, before each store had migrations of its own. */
  readonly carried?: number;
  /** Statements that can run again where a dialect commits each by itself (MySQL): `if not exists`. */
  statements(types: ColumnTypes, dialect: DialectName): string[];
}

/** Column types by dialect. */
export const COLUMN_TYPES: Readonly<Record<DialectName, ColumnTypes>> = {
  sqlite: {
    key: () => "text",
    text: "text",
    big: "integer",
    flag: "integer",
    clustered: "without rowid",
  },
  postgres: {
    key: () => 'text collate "C"',
    text: 'text collate "C"',
    big: "bigint",
    flag: "smallint",
    clustered: "",
  },
  mysql: {
    key: (bytes) => `varbinary(${bytes})`,
    text: "longtext character set utf8mb4 collate utf8mb4_bin",
    big: "bigint",
    flag: "smallint",
    clustered: "",
  },
};

/**
 * Statements of MySQL that run `statement` unless this database has what `there` counts (`information_schema.… where …`):
 * MySQL commits each change by itself and has no `if not exists` for some, and a second run must not fail.
 */
export function unlessThere(there: string, statement: string): string[] {
  return [
    `set @meridian = if((select count(*) from ${there} and table_schema = database()) = 0, '${statement}', 'do 0')`,
    "prepare meridian from @meridian",
    "execute meridian",
    "deallocate prepare meridian",
  ];
}
