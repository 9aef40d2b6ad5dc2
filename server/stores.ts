// Every store of a node: the server's own, and those that its modules declare.

import type { NodeConfig } from "../contract/contract.ts";
import { ConfigError } from "../contract/load.ts";
import type { StorageConfig } from "../contract/storage.ts";
import { ACCOUNTS } from "./accounts/store.ts";
import { DOCUMENTS } from "./documents/store.ts";
import { HELD } from "./held/store.ts";
import { choicesOf } from "./host/choose-modules.ts";
import { MODULES } from "./modules/index.ts";
import type { Stores } from "./ports/store.ts";
import { configuredServices } from "./service/configured.ts";
import { BACKENDS } from "./storage/backends.ts";
import type { StoreDefinition } from "./storage/define.ts";
import { type OpenOptions, openStoresIn } from "./storage/open.ts";
import { placesOf } from "./storage/place.ts";

/** Each once, whichever modules run: what a module kept before it was left out goes with its account all the same. */
export const STORES: readonly StoreDefinition[] = [
  ...new Set<StoreDefinition>([
    ACCOUNTS,
    DOCUMENTS,
    HELD,
    ...[...MODULES.values()].flatMap(({ stores = [] }) => stores),
  ]),
];

/**
 * Whether some host of a node runs what keeps a store, for `openStorage`; the server's own stores are always needed.
 * @throws ConfigError where the modules' settings are mistaken
 */
export function neededBy(config: NodeConfig): (store: StoreDefinition) => boolean {
  const ofModules = new Set([...MODULES.values()].flatMap(({ stores = [] }) => stores));
  const running = [...choicesOf(config, configuredServices(config)).values()].flatMap(({ modules }) => modules);
  const needed = new Set(running.flatMap(({ module: { stores = [] } }) => stores));
  return (store) => needed.has(store) || !ofModules.has(store);
}

/** What is wrong with a configuration's choice of backends for single stores, each with its path. */
export function storeMistakes(config: NodeConfig): readonly string[] {
  let needed: (store: StoreDefinition) => boolean = () => false;
  try {
    needed = neededBy(config);
  } catch (error) {
    // Mistakes of modules are told by whoever chooses them.
    if (!(error instanceof ConfigError)) throw error;
  }
  try {
    placesOf(STORES, config.storage, BACKENDS, needed);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** Opens every store of a node. @throws ConfigError, StorageOpenError */
export function openStorage(config: StorageConfig, options: OpenOptions = {}): Promise<Stores> {
  return openStoresIn(BACKENDS, STORES, config, options);
}
