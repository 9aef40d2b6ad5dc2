// Every store of a node: the server's own, and those that its modules declare.
import type { StorageConfig } from "../contract/storage.ts";
import { ACCOUNTS } from "./accounts/store.ts";
import { DOCUMENTS } from "./documents/store.ts";
import { HELD } from "./held/store.ts";
import { MODULES } from "./modules/index.ts";
import type { Stores } from "./ports/store.ts";
import { BACKENDS } from "./storage/backends.ts";
import type { StoreDefinition } from "./storage/define.ts";
import { type OpenOptions, openStoresIn } from "./storage/open.ts";

/** Each once, whichever modules run: what a module kept before it was left out goes with its account all the same. */
export const STORES: readonly StoreDefinition[] = [
  ...new Set<StoreDefinition>([
    ACCOUNTS,
    DOCUMENTS,
    HELD,
    ...[...MODULES.values()].flatMap(({ stores = [] }) => stores),
  ]),
];

/** Opens every store of a node. @throws ConfigError, StorageOpenError */
export function openStorage(config: StorageConfig, options: OpenOptions = {}): Promise<Stores> {
  return openStoresIn(BACKENDS, STORES, config, options);
}
