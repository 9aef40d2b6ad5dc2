// Opens the stores of a node, each in the backend that the configuration chooses for it.
import { systemClock } from "../../xmpp/clock.ts";
import type { Apart, ExportedRecord, StoreAccount, StoreKey, Stores } from "../ports/store.ts";
import type { Backend, BackendOptions, Kept } from "./backend/backend.ts";
import type { AnyBackendKind, Backends } from "./backends.ts";
import type { StoreDefinition } from "./define.ts";
import { type Observer, observed } from "./observed.ts";
import { type Choice, type Place, placesOf } from "./place.ts";

/** What may be given beside the configuration. */
export interface OpenOptions extends Partial<Omit<BackendOptions, "path">> {
  /** Told how long each operation of a store took. */
  readonly observe?: Observer;
  /** Whether a store has to be kept; absent: every one. What the default backend cannot keep is not opened otherwise. */
  readonly needed?: (store: StoreDefinition) => boolean;
}

/** A backend whatever its family, with what it is to keep. */
interface Held {
  readonly backend: Backend<never>;
  readonly kept: readonly Kept<never>[];
  readonly known: readonly Kept<never>[];
}

/**
 * Opens the stores of these definitions by a configuration whose kinds are those of `backends`.
 * @throws ConfigError for a choice that cannot be, StorageOpenError
 */
export async function openStoresIn<Config extends { readonly kind: string }>(
  backends: Backends<Config>,
  definitions: readonly StoreDefinition[],
  choice: Choice<Config>,
  options: OpenOptions = {},
): Promise<Stores> {
  const held = placesOf(definitions, choice, backends, options.needed).map((place) =>
    heldAt(place, backends[place.config.kind as Config["kind"]] as AnyBackendKind<Config>, definitions, options),
  );
  const stores = new Map<string, object>();
  try {
    for (const { backend, kept, known } of held) {
      const opened = await backend.open(kept, known, apartFrom(backend, held));
      for (const [name, store] of opened)
        stores.set(name, options.observe === undefined ? store : observed(store, name, options.observe));
    }
  } catch (error) {
    await Promise.allSettled(held.map(({ backend }) => backend.close()));
    throw error;
  }
  for (const { backend } of held) backend.start();
  const kept = definitions.filter(({ name }) => stores.has(name));
  return new OpenStores(kept, stores, held);
}

function heldAt<Config extends { readonly kind: string }>(
  { config, path, stores }: Place<Config>,
  kind: AnyBackendKind<Config>,
  definitions: readonly StoreDefinition[],
  { clock = systemClock, log, bounds }: OpenOptions,
): Held {
  const ways = (some: readonly StoreDefinition[]) =>
    some.flatMap((one) => (one[kind.family] === undefined ? [] : [{ name: one.name, way: one[kind.family] as never }]));
  const backend = kind.make(config, {
    path,
    clock,
    ...(log === undefined ? {} : { log }),
    ...(bounds === undefined ? {} : { bounds }),
  });
  // The kind's family has chosen both: what the backend is given is what it wants.
  return { backend: backend as Backend<never>, kept: ways(stores), known: ways(definitions) };
}

/** What the others keep, as one of the backends sees it. */
function apartFrom(self: Backend<never>, held: readonly Held[]): Apart {
  const others = held.map(({ backend }) => backend).filter((backend) => backend !== self);
  return {
    some: others.length > 0,
    async purge(account) {
      for (const other of others) await other.purge(account);
    },
  };
}

class OpenStores implements Stores {
  readonly #definitions: readonly StoreDefinition[];
  readonly #stores: ReadonlyMap<string, object>;
  readonly #held: readonly Held[];

  constructor(definitions: readonly StoreDefinition[], stores: ReadonlyMap<string, object>, held: readonly Held[]) {
    this.#definitions = definitions;
    this.#stores = stores;
    this.#held = held;
  }

  of<S extends object>({ name }: StoreKey<S>): S {
    const store = this.#stores.get(name);
    if (store === undefined)
      throw new Error(`the store ${name} was not opened: no module that keeps it ran at the start`);
    return store as S;
  }

  async *exported(account: StoreAccount): AsyncGenerator<ExportedRecord> {
    for (const definition of this.#definitions)
      for await (const record of definition.exported(this.of(definition), account))
        yield { store: definition.name, record };
  }

  async prove(node: string): Promise<void> {
    await Promise.all(this.#held.map(({ backend }) => backend.prove(node)));
  }

  async ping(): Promise<void> {
    await Promise.all(this.#held.map(({ backend }) => backend.ping()));
  }

  async close(): Promise<void> {
    await Promise.all(this.#held.map(({ backend }) => backend.close()));
  }
}
