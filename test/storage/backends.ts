// The storages that the contract is tried on, each opened as often as a test likes on the same data.
import { join } from "node:path";
import type { StorageConfig } from "../../contract/storage.ts";
import { ACCOUNTS } from "../../server/accounts/store.ts";
import { DOCUMENTS } from "../../server/documents/store.ts";
import { HELD } from "../../server/held/store.ts";
import { OFFLINE } from "../../server/modules/offline/store.ts";
import { ROSTERS } from "../../server/modules/roster/store.ts";
import type { StoreKey, Stores } from "../../server/ports/store.ts";
import type { OpenOptions } from "../../server/storage/open.ts";
import { openStorage } from "../../server/stores.ts";
import { removeFolder, temporaryFolder } from "../harness/children.ts";
import { startMariadb, type TestMariadb } from "../harness/mariadb.ts";
import { startPostgres, type TestPostgres } from "../harness/postgres.ts";
import type { Need } from "../packages.ts";

/** A server that tests may stop and start under a storage's feet. */
export type DatabaseServer = TestPostgres | TestMariadb;

/** One kind of storage under test. */
export interface Backend {
  readonly name: string;
  /** What the machine has to have for it. */
  readonly needs: readonly Need[];
  /** True where data outlives a storage. */
  readonly persistent: boolean;
  /** True for a server, which may be killed. */
  readonly mayDie: boolean;
  /** The server behind it, once prepared; undefined where there is none. */
  server(): DatabaseServer | undefined;
  prepare(): Promise<void>;
  /** A configuration of a new, empty database. */
  fresh(): Promise<StorageConfig>;
  end(): Promise<void>;
}

const memory: Backend = {
  name: "memory",
  needs: [],
  persistent: false,
  mayDie: false,
  server: () => undefined,
  prepare: async () => {},
  fresh: async () => ({ kind: "memory" }),
  end: async () => {},
};

function sqlite(): Backend {
  let folder = "";
  let files = 0;
  return {
    ...memory,
    name: "sqlite",
    persistent: true,
    prepare: async () => {
      folder = temporaryFolder("sqlite");
    },
    fresh: async () => {
      files += 1;
      return { kind: "sqlite", file: join(folder, `nested-${files}`, "storage.sqlite"), synchronous: "normal" };
    },
    end: async () => removeFolder(folder),
  };
}

function onServer(kind: "postgres" | "mysql", name: string, need: Need, start: () => Promise<DatabaseServer>): Backend {
  let server: DatabaseServer | undefined;
  let databases = 0;
  return {
    name,
    needs: [need],
    persistent: true,
    mayDie: true,
    server: () => server,
    prepare: async () => {
      server = await start();
    },
    fresh: async () => {
      if (server === undefined) throw new Error(`${name} was not started`);
      databases += 1;
      return { kind, url: await server.createDatabase(`contract_${databases}`), poolSize: 4 };
    },
    end: async () => server?.end(),
  };
}

/** Every backend. */
export const backends: readonly Backend[] = [
  memory,
  sqlite(),
  onServer("postgres", "postgres", "postgres", startPostgres),
  onServer("mysql", "mariadb", "mariadb", startMariadb),
];

/** Stores that suites ask for often. What is to hold for every store goes by `STORES` instead. */
const BY_NAME = { accounts: ACCOUNTS, rosters: ROSTERS, offline: OFFLINE, documents: DOCUMENTS, held: HELD };

type ByName = { readonly [N in keyof typeof BY_NAME]: (typeof BY_NAME)[N] extends StoreKey<infer S> ? S : never };

/** The stores of one configuration, some by their names. */
export type Storage = Stores & ByName;

/** Opens storages and closes them together. */
export class Opened {
  #stores: Stores[] = [];

  async open(config: StorageConfig, options?: OpenOptions): Promise<Storage> {
    const stores = await openStorage(config, options);
    this.#stores.push(stores);
    return {
      of: (key) => stores.of(key),
      exported: (account) => stores.exported(account),
      prove: (node) => stores.prove(node),
      ping: () => stores.ping(),
      close: () => stores.close(),
      ...(Object.fromEntries(Object.entries(BY_NAME).map(([name, key]) => [name, stores.of<object>(key)])) as ByName),
    };
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#stores.map((stores) => stores.close()));
    this.#stores = [];
  }
}
