// Every store of a node: the server's own, and those that its modules declare.

import { ConfigError } from "../contract/load.ts";
import type { StorageConfig } from "../contract/storage.ts";
import { ACCOUNTS } from "./accounts/store.ts";
import { DOCUMENTS } from "./documents/store.ts";
import { HELD } from "./held/store.ts";
import { MODULES } from "./modules/index.ts";
import type { Stores } from "./ports/store.ts";
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

/** What is wrong with a configuration's choice of backends for single stores, each with its path. */
export function storeMistakes(config: StorageConfig): readonly string[] {
  try {
    placesOf(STORES, config, BACKENDS);
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
