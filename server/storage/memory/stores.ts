// Stores in memory at once, for tests of what uses them.
import { type Clock, systemClock } from "../../../xmpp/clock.ts";
import type { StoreAccount, StoreKey, Stores } from "../../ports/store.ts";
import type { MemoryStore, MemoryWay } from "./way.ts";

/** A store that can be kept in memory. */
interface InMemory extends StoreKey {
  readonly memory?: MemoryWay<object>;
}

/** New, empty stores. */
export function memoryStores(definitions: readonly InMemory[], clock: Clock = systemClock): Pick<Stores, "of"> {
  const made = makeStores(definitions, clock);
  return {
    of<S extends object>({ name }: StoreKey<S>): S {
      const found = made.get(name);
      if (found === undefined) throw new Error(`there is no store ${name} here`);
      return found.store as S;
    },
  };
}

function makeStores(definitions: readonly InMemory[], clock: Clock): ReadonlyMap<string, MemoryStore<object>> {
  const made = new Map<string, MemoryStore<object>>();
  const purge = (account: StoreAccount, but?: string) => {
    for (const [name, store] of made) if (name !== but) store.purge(account);
  };
  const apart = { some: false, purge: async () => {} };
  for (const { name, memory } of definitions)
    if (memory !== undefined)
      made.set(name, memory.make({ now: () => clock.now(), apart, purgeOthers: (account) => purge(account, name) }));
  return made;
}
