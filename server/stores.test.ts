// Stores in different backends: an account comes and goes with all of them, also where a crash came between.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { BackendConfig, StorageConfig } from "../contract/storage.ts";
import { ManualClock } from "../test/harness/manual-clock.ts";
import { ACCOUNTS } from "./accounts/store.ts";
import { DOCUMENTS } from "./documents/store.ts";
import { OFFLINE } from "./modules/offline/store.ts";
import { type Stores, StoreUnavailable } from "./ports/store.ts";
import { BACKENDS, type Backends } from "./storage/backends.ts";
import { storageHealth } from "./storage/health.ts";
import { openStoresIn } from "./storage/open.ts";
import { SqlBackend } from "./storage/sql/engines/backend.ts";
import { STORES } from "./stores.ts";

const ROMEO = ["verona.test", "romeo"] as const;
const OF_ROMEO = { domain: ROMEO[0], local: ROMEO[1] };

let folder: string;
let clock: ManualClock;
let open: Stores[];
/** True while the backend of offline messages forgets nothing. */
let away: boolean;
/** What is next to be forgotten there says that it came, and waits. */
let held: { readonly came: PromiseWithResolvers<void>; readonly goesOn: PromiseWithResolvers<void> } | undefined;
/** Whoever waits goes on. */
let letGo = () => {};

function holdNext(): Promise<void> {
  held = { came: Promise.withResolvers<void>(), goesOn: Promise.withResolvers<void>() };
  letGo = held.goesOn.resolve;
  return held.came.promise;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "meridian-stores-"));
  clock = new ManualClock(1_800_000_000_000);
  open = [];
  away = false;
  held = undefined;
});
afterEach(async () => {
  letGo();
  await Promise.all(open.map((stores) => stores.close()));
  rmSync(folder, { recursive: true });
});

const sqlite = (name: string): BackendConfig => ({ kind: "sqlite", file: join(folder, name), synchronous: "normal" });

/** SQLite, of which the file of offline messages may be away when something is to be forgotten. */
const backends: Backends<BackendConfig> = {
  ...BACKENDS,
  sqlite: {
    family: "sql",
    make(config, options) {
      const backend = new SqlBackend(config, options);
      const purge = backend.purge.bind(backend);
      const prove = backend.prove.bind(backend);
      if (config.kind !== "sqlite" || !config.file.endsWith("offline.db")) return backend;
      backend.purge = async (account) => {
        const mine = held;
        held = undefined;
        mine?.came.resolve();
        await mine?.goesOn.promise;
        if (away) throw new StoreUnavailable("it is away");
        await purge(account);
      };
      backend.prove = (node) => (away ? Promise.reject(new StoreUnavailable("it is read-only")) : prove(node));
      return backend;
    },
  },
};

async function opened(): Promise<Stores> {
  const config: StorageConfig = { ...sqlite("main.db"), stores: { offline: sqlite("offline.db") } };
  const stores = await openStoresIn(backends, STORES, config, { clock });
  open.push(stores);
  return stores;
}

async function fill(stores: Stores): Promise<void> {
  await stores.of(OFFLINE).add({ ...OF_ROMEO, text: "<m/>", at: 1, limit: 10 });
  await stores.of(DOCUMENTS).put({ ...OF_ROMEO, kind: "vcard", key: "", text: "<vCard/>" });
}

async function kept(stores: Stores): Promise<number[]> {
  return [await stores.of(OFFLINE).count(...ROMEO), await stores.of(DOCUMENTS).count(...ROMEO, "vcard")];
}

test("an account that is removed takes what each backend keeps along, and the next one inherits nothing", async () => {
  const stores = await opened();
  const accounts = stores.of(ACCOUNTS);
  expect(await accounts.create(...ROMEO, {}, 1)).toBe(true);
  await fill(stores);
  expect(await accounts.create(...ROMEO, {}, 2)).toBe(false);
  expect(await kept(stores)).toEqual([1, 1]);
  expect(await accounts.delete(...ROMEO)).toBe(true);
  expect(await kept(stores)).toEqual([0, 0]);
  // Written behind the removal.
  await fill(stores);
  expect(await accounts.create(...ROMEO, {}, 3)).toBe(true);
  expect(await kept(stores)).toEqual([0, 0]);
});

test("what a node could not remove before it died is removed by the next one", async () => {
  const before = await opened();
  await before.of(ACCOUNTS).create(...ROMEO, {}, 1);
  await fill(before);
  away = true;
  expect(await before.of(ACCOUNTS).delete(...ROMEO)).toBe(true);
  expect(await before.of(ACCOUNTS).exists(...ROMEO)).toBe(false);
  expect(await kept(before)).toEqual([1, 0]);
  await before.close();
  away = false;
  await clock.advance(31_000);
  const after = await opened();
  while ((await after.of(OFFLINE).count(...ROMEO)) > 0) await new Promise(setImmediate);
  expect(await after.of(ACCOUNTS).create(...ROMEO, {}, 2)).toBe(true);
});

test("no account is made of a name that is being cleared, until whoever clears it must be dead", async () => {
  const stores = await opened();
  const accounts = stores.of(ACCOUNTS);
  await accounts.create(...ROMEO, {}, 1);
  await fill(stores);
  away = true;
  await accounts.delete(...ROMEO);
  away = false;
  await expect(accounts.create(...ROMEO, {}, 2)).rejects.toThrow(StoreUnavailable);
  expect(await accounts.exists(...ROMEO)).toBe(false);
  await clock.advance(31_000);
  expect(await accounts.create(...ROMEO, {}, 3)).toBe(true);
  expect(await kept(stores)).toEqual([0, 0]);
});

test("who was too slow to clear a name makes no account of it", async () => {
  const stores = await opened();
  const accounts = stores.of(ACCOUNTS);
  // Not the look for unfinished clearings of either node, which comes when it comes.
  const came = holdNext();
  const slow = accounts.create(...ROMEO, {}, 1);
  const refused = expect(slow).rejects.toThrow(StoreUnavailable);
  await came;
  await clock.advance(31_000);
  const other = (await opened()).of(ACCOUNTS);
  // The new node may be finishing what it takes for a dead one's.
  const made = async () => other.create(...ROMEO, {}, 2).catch(() => undefined);
  while ((await made()) !== true) await new Promise(setImmediate);
  letGo();
  await refused;
  expect((await accounts.get(...ROMEO))?.createdAt).toBe(2);
});

test("of several who make the same account at once one does, and the others hear that it is there", async () => {
  const [one, two] = [await opened(), await opened()];
  const made = await Promise.all([one, two, one, two].map((at, n) => at.of(ACCOUNTS).create(...ROMEO, {}, n)));
  expect(made.filter(Boolean)).toHaveLength(1);
});

test("a note of a clearing that an account outlived clears nothing", async () => {
  const before = await opened();
  await before.of(ACCOUNTS).create(...ROMEO, {}, 1);
  away = true;
  await before.of(ACCOUNTS).delete(...ROMEO);
  await before.close();
  away = false;
  // Meanwhile everything is kept in one place, and somebody takes the name.
  const alone = await openStoresIn(backends, STORES, sqlite("main.db"), { clock });
  expect(await alone.of(ACCOUNTS).create(...ROMEO, {}, 2)).toBe(true);
  await alone.close();
  await clock.advance(31_000);
  const after = await opened();
  await fill(after);
  expect(await after.of(ACCOUNTS).create(...ROMEO, {}, 3)).toBe(false);
  expect(await kept(after)).toEqual([1, 1]);
});

test("what a store left in a backend that keeps it no more is warned of", async () => {
  const told: object[] = [];
  const log = { warn: ({ storage, stores }: Record<string, unknown>) => void told.push({ storage, stores }) };
  const apart: StorageConfig = { ...sqlite("main.db"), stores: { offline: sqlite("offline.db") } };
  for (const config of [apart, apart, sqlite("main.db"), apart])
    await (await openStoresIn(backends, STORES, config, { clock, log })).close();
  expect(told).toEqual([{ storage: "storage", stores: ["offline"] }]);
});

test("a backend that takes no writes is told, whichever it is", async () => {
  const stores = await opened();
  expect([await storageHealth(stores, "node-1"), await storageHealth(stores, "node-1")]).toEqual([
    undefined,
    undefined,
  ]);
  away = true;
  expect(await storageHealth(stores, "node-1")).toBe("the storage takes no writes");
});

test("everything of an account is given, store by store, wherever it is kept", async () => {
  const stores = await opened();
  await stores.of(ACCOUNTS).create(...ROMEO, {}, 7);
  await fill(stores);
  await stores.of(OFFLINE).add({ domain: "verona.test", local: "juliet", text: "<other/>", at: 1, limit: 10 });
  const records: object[] = [];
  for await (const record of stores.exported({ domain: "verona.test", local: "romeo" })) records.push(record);
  expect(JSON.parse(JSON.stringify(records))).toEqual([
    { store: "accounts", record: { local: "romeo", createdAt: 7, disabled: false } },
    { store: "documents", record: { kind: "vcard", key: "", text: "<vCard/>" } },
    { store: "offline", record: { id: 1, text: "<m/>" } },
  ]);
});
