// A relational database as a backend: its tables brought up to date, its stores made on one engine.
import type { Apart, StoreAccount } from "../../../ports/store.ts";
import type { Backend, BackendOptions, Kept, StorageBounds, StorageLog } from "../../backend/backend.ts";
import type { DialectName } from "../dialect.ts";
import type { SqlEngine, Work } from "../engine.ts";
import { migrateAll, STORES_IN_HISTORY, type StoreMigrations } from "../history.ts";
import { type Bound, bind, statement } from "../statement.ts";
import type { SqlStore, SqlWay } from "../way.ts";
import { insertOrUpdate } from "../words.ts";
import { openEngine, type SqlConfig } from "./open.ts";
import { openError } from "./open-error.ts";

const OPERATION_MS = 5000;
const MAX_WAITING = { sqlite: 10_000, postgres: 5000, mysql: 5000 };

/** Says nothing but that the database answers. */
const PING: Bound = { name: "ping", sql: "select 1 as one", values: [] };

/** Each node has a row of its own, so that none waits for another. */
function insertProof(dialect: DialectName): string {
  return insertOrUpdate(dialect, "meridian_nodes (node, proven_at) values (:node, :at)", "node", "proven_at = :at");
}

type Way = SqlWay<object>;

function migrationsOf({ name, way: { migrations } }: Kept<Way>): StoreMigrations {
  return { name, migrations };
}

/** A database of a node. */
export class SqlBackend implements Backend<Way> {
  readonly #config: SqlConfig;
  readonly #options: BackendOptions;
  readonly #bounds: StorageBounds;
  readonly #made = new Map<string, SqlStore<object>>();
  /** Once it is open. */
  #engine: SqlEngine | undefined;

  constructor(config: SqlConfig, options: BackendOptions) {
    this.#config = config;
    this.#options = options;
    this.#bounds = { operationMs: OPERATION_MS, maxWaiting: MAX_WAITING[config.kind], ...options.bounds };
  }

  /** A database that does not answer is tried for the time of one operation. */
  async open(kept: readonly Kept<Way>[], known: readonly Kept<Way>[], apart: Apart) {
    const { log } = this.#options;
    let answered = false;
    // Until it answered once, whoever opens it is told by the error.
    const heard: StorageLog = { warn: (facts, text) => (answered ? log?.warn(facts, text) : undefined) };
    try {
      const engine = await openEngine(this.#config, this.#bounds, heard);
      this.#engine = engine;
      await this.ping();
      answered = true;
      await engine.migrate(() =>
        migrateAll(engine.dialect, Date.now(), kept.map(migrationsOf), known.map(migrationsOf)),
      );
      await this.#warnOfMoved(engine, kept);
      return this.#make(engine, kept, apart);
    } catch (error) {
      await this.#engine?.close();
      throw openError(this.#config, this.#options.path, error);
    }
  }

  /** Nothing purges what a store left here that is kept elsewhere by now. */
  async #warnOfMoved(engine: SqlEngine, kept: readonly Kept<Way>[]): Promise<void> {
    const found = await engine.read(STORES_IN_HISTORY);
    const stores = found.map(({ store }) => store).filter((store) => !kept.some(({ name }) => name === store));
    if (stores.length > 0)
      this.#options.log?.warn(
        { storage: this.#options.path, stores },
        "tables of stores that are kept elsewhere now: nothing reads or purges what is left in them",
      );
  }

  start(): void {
    for (const { start } of this.#made.values()) start?.();
  }

  purge(account: StoreAccount): Promise<void> {
    return this.#open.write(() => this.#purge(account), { idempotent: true });
  }

  async prove(node: string): Promise<void> {
    const engine = this.#open;
    const proof = statement<{ node: string; at: number }, unknown>(
      engine.dialect,
      "prove",
      insertProof(engine.dialect),
    );
    await engine.change(bind(proof, { node, at: Date.now() }), { idempotent: true });
  }

  async ping(): Promise<void> {
    await this.#open.read(PING);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#made.values()].map(({ idle }) => idle?.()));
    await this.#engine?.close();
  }

  get #open(): SqlEngine {
    if (this.#engine === undefined) throw new Error("the database was not opened");
    return this.#engine;
  }

  #make(engine: SqlEngine, kept: readonly Kept<Way>[], apart: Apart): ReadonlyMap<string, object> {
    const { clock } = this.#options;
    const around = { engine, bounds: this.#bounds, now: () => clock.now(), apart };
    for (const { name, way } of kept)
      this.#made.set(name, way.make({ ...around, purgeOthers: (account) => this.#purge(account, name) }));
    return new Map([...this.#made].map(([name, { store }]) => [name, store]));
  }

  *#purge(account: StoreAccount, but?: string): Work<void> {
    for (const [name, { purge }] of this.#made) if (name !== but) yield* purge(account);
  }
}
