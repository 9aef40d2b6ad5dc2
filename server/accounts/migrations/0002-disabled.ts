// Migration 2 of accounts: those that an operator has shut.
import type { DialectName } from "../../storage/sql/dialect.ts";
import { type Migration, unlessThere } from "../../storage/sql/migration.ts";

/** A node of the version before inserts accounts without naming the column: they are open. */
export const disabledColumn: Migration = {
  name: "disabled",
  carried: 3,
  statements({ flag }, dialect) {
    return addColumn(dialect, `disabled ${flag} not null default 0`);
  },
};

function addColumn(dialect: DialectName, column: string): string[] {
  if (dialect === "sqlite") return [`alter table accounts add column ${column}`];
  if (dialect === "postgres") return [`alter table accounts add column if not exists ${column}`];
  const there = "information_schema.columns where table_name = 'accounts' and column_name = 'disabled'";
  return unlessThere(there, `alter table accounts add column ${column}`);
}
