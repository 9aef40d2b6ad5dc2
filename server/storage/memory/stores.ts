// Makes stores in memory: for the backend, and at once for tests of what uses them.
import { type Clock, systemClock } from "../../../xmpp/clock.ts";
import type { Apart, StoreAccount, StoreKey, Stores } from "../../ports/store.ts";
import type { Kept } from "../backend/backend.ts";
import type { MemoryStore, MemoryWay } from "./way.ts";

/** Stores in memory by name. */
export type Made = ReadonlyMap<string, MemoryStore<object>>;

/** A store that can be kept in memory. */
interface InMemory extends StoreKey {
  readonly memory?: MemoryWay<object>;
}

const NOTHING_APART: Apart = { some: false, purge: async () => {} };

type Way = Kept<MemoryWay<object>>;

/** Makes them, new and empty. */
export function makeStores(kept: readonly Way[], clock: Clock, apart: Apart): Made {
  const made = new Map<string, MemoryStore<object>>();
  for (const one of kept) made.set(one.name, makeStore(one, made, clock, apart));
  return made;
}

function makeStore({ name, way }: Way, beside: Made, clock: Clock, apart: Apart): MemoryStore<object> {
  return way.make({ now: () => clock.now(), apart, purgeOthers: (account) => purgeStores(beside, account, name) });
}

/** Forgets what they keep for an account, `but` one of them. */
export function purgeStores(made: Made, account: StoreAccount, but?: string): void {
  for (const [name, { purge }] of made) if (name !== but) purge(account);
}

/** Stores in memory for a test, to which more may come. */
export interface MemoryStores extends Pick<Stores, "of"> {
  /** Makes those that are not there yet. */
  open(definitions: readonly InMemory[]): void;
}

/** New, empty stores. */
export function memoryStores(definitions: readonly InMemory[], clock: Clock = systemClock): MemoryStores {
  const made = new Map<string, MemoryStore<object>>();
  const stores: MemoryStores = {
    open(more) {
      for (const { name, memory: way } of more)
        if (way !== undefined && !made.has(name)) made.set(name, makeStore({ name, way }, made, clock, NOTHING_APART));
    },
    of<S extends object>({ name }: StoreKey<S>): S {
      const found = made.get(name);
      if (found === undefined) throw new Error(`there is no store ${name} here`);
      return found.store as S;
    },
  };
  stores.open(definitions);
  return stores;
}
