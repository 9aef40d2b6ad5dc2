// What the server keeps, as interfaces that every store implements: SQL dialects and memory.
import { Failure } from "../../contract/told.ts";

/** SCRAM keys of one hash. RFC 5802 §3. */
export interface ScramKeys {
  readonly salt: Buffer;
  readonly iterations: number;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** Hashes an account may have keys for. */
export type ScramHash = "SHA-1" | "SHA-256" | "SHA-512";

/** Stored keys by hash; never a password. */
export type Credentials = Partial<Record<ScramHash, ScramKeys>>;

/** An account as stored. */
export interface AccountRecord {
  readonly local: string;
  readonly credentials: Credentials;
  /** ms since the epoch. */
  readonly createdAt: number;
  /** True where an operator has shut it: it keeps everything, and nobody logs in to it. */
  readonly disabled: boolean;
}

/** Accounts of every virtual host. */
export interface AccountStore {
  get(domain: string, local: string): Promise<AccountRecord | undefined>;
  exists(domain: string, local: string): Promise<boolean>;
  /**
   * Makes an account to which nothing belongs: whatever any store has under its name (written behind a removal) goes in
   * the same transaction. False where the account exists already; it is left as it was.
   */
  create(domain: string, local: string, credentials: Credentials, createdAt: number): Promise<boolean>;
  /** False where there is no such account. */
  setCredentials(domain: string, local: string, credentials: Credentials): Promise<boolean>;
  /** Shuts an account or opens it again. False where there is no such account. */
  setDisabled(domain: string, local: string, disabled: boolean): Promise<boolean>;
  /** Removes the account and everything any store keeps for it, in one transaction. False where there was none. */
  delete(domain: string, local: string): Promise<boolean>;
  /** Local parts in order, after `after`, at most `limit`. */
  list(domain: string, after: string, limit: number): Promise<string[]>;
  count(domain: string): Promise<number>;
}

/** Thrown by any store that is down or too slow; answered with `resource-constraint` (type `wait`). */
export class StoreUnavailable extends Failure {
  override name = "StoreUnavailable";
  /** True where what was asked for had been sent off to be committed: it may have come about, or may yet. */
  undecided = false;
}

/**
 * Thrown for text that no store can keep: NUL, a lone surrogate, a key or a text beyond its bound. What comes from the
 * network never is that (XML has no NUL, RFC 7622 §3 bounds a JID's parts), so this is a caller's mistake.
 */
export class UnstorableText extends Error {
  override name = "UnstorableText";
}

/** Names a store, and carries its type. */
export interface StoreKey<S extends object = object> {
  readonly name: string;
  /** Never set: carries the type. */
  readonly store?: S;
}

/** Whose data it is: an account of a virtual host, by its prepared parts. */
export interface StoreAccount {
  readonly domain: string;
  readonly local: string;
}

/** What other backends keep than the one that asks. */
export interface Apart {
  /** False where everything is kept by the backend that asks. */
  readonly some: boolean;
  /** Forgets what they keep for an account. May be done twice. @throws StoreUnavailable */
  purge(account: StoreAccount): Promise<void>;
}

/** What a store has of an account, as one record of what it keeps. */
export interface ExportedRecord {
  /** The store's name. */
  readonly store: string;
  readonly record: object;
}

/** Everything one node keeps. */
export interface Stores {
  /** A store of the node. @throws Error for one that was not declared */
  of<S extends object>(key: StoreKey<S>): S;
  /** Everything that any store keeps for an account, store by store, but credentials. @throws StoreUnavailable */
  exported(account: StoreAccount): AsyncIterable<ExportedRecord>;
  /** Resolves once every backend has committed a write that belongs to `node` alone; rejects with `StoreUnavailable`. */
  prove(node: string): Promise<void>;
  /** Resolves once every backend answers; rejects with `StoreUnavailable`. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
