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

/** Makes them, new and empty. */
export function makeStores(kept: readonly Kept<MemoryWay<object>>[], clock: Clock, apart: Apart): Made {
  const made = new Map<string, MemoryStore<object>>();
  for (const { name, way } of kept)
    made.set(
      name,
      way.make({ now: () => clock.now(), apart, purgeOthers: (account) => purgeStores(made, account, name) }),
    );
  return made;
}

/** Forgets what they keep for an account, `but` one of them. */
export function purgeStores(made: Made, account: StoreAccount, but?: string): void {
  for (const [name, { purge }] of made) if (name !== but) purge(account);
}

/** New, empty stores. */
export function memoryStores(definitions: readonly InMemory[], clock: Clock = systemClock): Pick<Stores, "of"> {
  const kept = definitions.flatMap(({ name, memory: way }) => (way === undefined ? [] : [{ name, way }]));
  const made = makeStores(kept, clock, NOTHING_APART);
  return {
    of<S extends object>({ name }: StoreKey<S>): S {
      const found = made.get(name);
      if (found === undefined) throw new Error(`there is no store ${name} here`);
      return found.store as S;
    },
  };
}
