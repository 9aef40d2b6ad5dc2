// The stores of one SQL database, put together.
import type { Storage } from "../../ports/store.ts";
import { type Builder, builderOf } from "./dialect.ts";
import type { SqlEngine, StorageBounds } from "./engine.ts";
import type { Bound } from "./statement.ts";
import { SqlAccounts } from "./stores/accounts.ts";
import { SqlDocuments } from "./stores/documents.ts";
import { SqlHeld } from "./stores/held.ts";
import { SqlOffline } from "./stores/offline.ts";
import { SqlRosters } from "./stores/rosters.ts";

/** Says nothing but that the database answers. */
const PING: Bound = { name: "ping", sql: "select 1 as one", values: [] };

/** Storage on an engine whose schema is migrated. `now` gives ms since the epoch. */
export function sqlStorage(
  engine: SqlEngine,
  now: () => number,
  bounds: StorageBounds,
  builder: Builder = builderOf(engine.dialect),
): Storage {
  const accounts = new SqlAccounts(engine, builder, bounds);
  const offline = new SqlOffline(engine, builder, bounds);
  const held = new SqlHeld(engine, builder, bounds, now);
  return {
    kind: engine.dialect,
    accounts,
    rosters: new SqlRosters(engine, builder, now),
    offline,
    documents: new SqlDocuments(engine, builder),
    held,
    ping: async () => {
      await engine.read(PING);
    },
    close: async () => {
      await Promise.all([accounts.idle(), offline.idle(), held.idle()]);
      await engine.close();
    },
  };
}
