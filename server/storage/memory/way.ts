// What a store gives to be kept in memory.
import type { Apart, StoreAccount } from "../../ports/store.ts";

/** What a store in memory may use. */
export interface MemoryParts {
  /** ms since the epoch. */
  now(): number;
  /** Forgets what every other store in memory keeps for an account. */
  purgeOthers(account: StoreAccount): void;
  /** The stores that are kept elsewhere. */
  readonly apart: Apart;
}

/** A store in memory as made. */
export interface MemoryStore<S extends object> {
  readonly store: S;
  /** Forgets all that it keeps for an account. */
  purge(account: StoreAccount): void;
  /** Called once every store of the node is open. */
  start?(): void;
  /** Resolves once nothing is under way; nothing begins any more. */
  idle?(): Promise<void>;
}

/** How a store is kept in memory. */
export interface MemoryWay<S extends object> {
  make(parts: MemoryParts): MemoryStore<S>;
}
