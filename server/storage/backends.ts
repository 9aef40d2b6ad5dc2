// The kinds of backends by their names in the configuration, each with its family.
import type { BackendConfig } from "../../contract/storage.ts";
import type { Backend, BackendOptions } from "./backend/backend.ts";
import type { Family, Ways } from "./define.ts";
import { MemoryBackend } from "./memory/backend.ts";
import { SqlBackend } from "./sql/engines/backend.ts";
import type { SqlConfig } from "./sql/engines/open.ts";

/** A kind of backend: what it wants of each store, and how it comes to be. */
export interface BackendKind<Config, F extends Family> {
  /** The field of a store's definition that says how the store is kept there. */
  readonly family: F;
  /** Nothing is opened before `Backend.open`. */
  make(config: Config, options: BackendOptions): Backend<Ways<object>[F]>;
}

/** A kind of whatever family. */
export type AnyBackendKind<Config> = { readonly [F in Family]: BackendKind<Config, F> }[Family];

/** Kinds of backends by name. */
export type Backends<Config extends { readonly kind: string }> = {
  readonly [K in Config["kind"]]: AnyBackendKind<Extract<Config, { readonly kind: K }>>;
};

const sql = {
  family: "sql",
  make: (config: SqlConfig, options: BackendOptions) => new SqlBackend(config, options),
} as const;

/** Every kind that a configuration can name. */
export const BACKENDS: Backends<BackendConfig> = {
  memory: { family: "memory", make: (_, options) => new MemoryBackend(options) },
  sqlite: sql,
  postgres: sql,
  mysql: sql,
};
