// What every family of backends is to the registry of stores: opened, given its stores, closed.
import { Failure } from "../../../contract/told.ts";
import type { Clock } from "../../../xmpp/clock.ts";
import type { Apart, StoreAccount } from "../../ports/store.ts";

/** The part of a logger that storage uses; `pino` has it. */
export interface StorageLog {
  warn(facts: Record<string, unknown>, text: string): void;
}

/** How long an operation may take and how many may wait. */
export interface StorageBounds {
  /** ms; after it an operation rejects with `StoreUnavailable`. */
  readonly operationMs: number;
  /** Operations under way or waiting; one more is refused with `StoreUnavailable`. */
  readonly maxWaiting: number;
}

/** What a backend is opened with beside its configuration. */
export interface BackendOptions {
  readonly log?: StorageLog;
  /** Wall-clock time, of roster versions for one. Time bounds are always real time. */
  readonly clock: Clock;
  /** In place of the backend's own. */
  readonly bounds?: Partial<StorageBounds>;
  /** Where its configuration stands, for errors: `storage.stores.offline`. */
  readonly path: string;
}

/** A store that a backend is to keep, and how: what its definition gives for the backend's family. */
export interface Kept<Way> {
  readonly name: string;
  readonly way: Way;
}

/** A backend of one node, open. */
export interface Backend<Way> {
  /**
   * Makes the stores that it keeps, all that they need there brought up to date. `known` are all stores of the node that
   * the family could keep. @throws StorageOpenError
   */
  open(kept: readonly Kept<Way>[], known: readonly Kept<Way>[], apart: Apart): Promise<ReadonlyMap<string, object>>;
  /** Called once every store of the node is open. */
  start(): void;
  /** Forgets what its stores keep for an account; may be done twice. @throws StoreUnavailable */
  purge(account: StoreAccount): Promise<void>;
  /** Resolves once a write is committed that belongs to `node` alone; rejects with `StoreUnavailable`. */
  prove(node: string): Promise<void>;
  /** Resolves once it answers; rejects with `StoreUnavailable`. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** A storage that cannot be opened: says which one (without its password), why, and what to do. */
export class StorageOpenError extends Failure {
  override name = "StorageOpenError";
  /** True where it may open later without anybody correcting anything: what is there does not answer. */
  readonly passes: boolean;

  constructor(message: string, passes: boolean, cause: unknown) {
    super(message, { cause });
    this.passes = passes;
  }
}
