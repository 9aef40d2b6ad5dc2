// Migration 3: accounts that an operator has shut.
import type { DialectName } from "../dialect.ts";
import type { Migration } from "./migration.ts";

/** A node of the version before inserts accounts without naming the column: they are open. */
export const disabledMigration: Migration = {
  version: 3,
  statements({ flag }, dialect) {
    return addColumn(dialect, `disabled ${flag} not null default 0`);
  },
};

/** MySQL commits the change by itself and has no `if not exists` for it: a second run must not fail. */
function addColumn(dialect: DialectName, column: string): string[] {
  if (dialect === "sqlite") return [`alter table accounts add column ${column}`];
  if (dialect === "postgres") return [`alter table accounts add column if not exists ${column}`];
  return [
    `set @meridian = if((select count(*) from information_schema.columns where table_schema = database()
      and table_name = 'accounts' and column_name = 'disabled') = 0,
      'alter table accounts add column ${column}', 'do 0')`,
    "prepare meridian from @meridian",
    "execute meridian",
    "deallocate prepare meridian",
  ];
}
