// The stores of one SQL database that their features do not declare yet.

import type { Builder } from "./dialect.ts";
import { builderOf } from "./dialect.ts";
import type { SqlEngine } from "./engine.ts";
import { SqlAccounts } from "./stores/accounts.ts";
import { SqlHeld } from "./stores/held.ts";
import { SqlOffline } from "./stores/offline.ts";
import { SqlRosters } from "./stores/rosters.ts";
import type { SqlParts, SqlStore } from "./way.ts";

/** Stores on an engine whose schema is migrated, by name. */
export function legacyStores(
  engine: SqlEngine,
  { now, bounds }: Pick<SqlParts, "now" | "bounds">,
  builder: Builder = builderOf(engine.dialect),
): Map<string, SqlStore<object>> {
  const accounts = new SqlAccounts(engine, builder, bounds);
  const offline = new SqlOffline(engine, builder, bounds);
  const held = new SqlHeld(engine, builder, bounds, now);
  function* purge() {}
  return new Map<string, SqlStore<object>>([
    ["accounts", { store: accounts, purge, idle: () => accounts.idle() }],
    ["rosters", { store: new SqlRosters(engine, builder, now), purge }],
    ["offline", { store: offline, purge, idle: () => offline.idle() }],
    ["held", { store: held, purge, idle: () => held.idle() }],
  ]);
}
