// The stores of one SQL database, put together.
import type { Storage } from "../ports.ts";
import { compilerOf } from "./dialect.ts";
import type { SqlEngine, StorageBounds } from "./engine.ts";
import { type Bound, bind, statement } from "./statement.ts";
import { SqlAccounts } from "./stores/accounts.ts";
import { SqlDocuments } from "./stores/documents.ts";
import { SqlOffline } from "./stores/offline.ts";
import { SqlRosters } from "./stores/rosters.ts";

/** Storage on an engine whose schema is migrated. `now` gives ms since the epoch. */
export function sqlStorage(engine: SqlEngine, now: () => number, bounds: StorageBounds): Storage {
  const builder = { dialect: engine.dialect, db: compilerOf(engine.dialect) };
  const ping: Bound = bind(
    statement("ping", { compile: () => builder.db.selectNoFrom((eb) => eb.lit(1).as("one")).compile() }),
    {},
  );
  const offline = new SqlOffline(engine, builder, bounds);
  return {
    kind: engine.dialect,
    accounts: new SqlAccounts(engine, builder),
    rosters: new SqlRosters(engine, builder, now),
    offline,
    documents: new SqlDocuments(engine, builder),
    ping: async () => {
      await engine.read(ping);
    },
    close: async () => {
      await offline.idle();
      await engine.close();
    },
  };
}
