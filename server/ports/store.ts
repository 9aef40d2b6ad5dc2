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

/** Subscription states of a roster item. RFC 6121 §2.1.2.5. */
export type Subscription = "none" | "to" | "from" | "both";

/** A roster item with the server's own state beside it. RFC 6121 §2.1, appendix A. */
export interface RosterItem {
  /** Bare JID, prepared. */
  readonly jid: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly subscription: Subscription;
  /** Subscription request sent and not answered ("pending out"). */
  readonly ask: boolean;
  /** Pre-approved. RFC 6121 §3.4. */
  readonly approved: boolean;
  /** The unanswered inbound request as stanza text ("pending in"), kept until answered; undefined for none. */
  readonly pendingIn: string | undefined;
  /**
   * False where the item only holds state that clients must not see (pending in or approved without the user's own
   * doing). RFC 6121 §3.1.3.
   */
  readonly listed: boolean;
}

/** Whose roster it is. */
export interface RosterOwner {
  readonly domain: string;
  readonly local: string;
}

/** Before every other. */
export const FIRST: RosterOwner = { domain: "", local: "" };

/** An item and whose roster it is in. */
export interface RosterEntry extends RosterOwner {
  readonly item: RosterItem;
}

/** Rosters, versioned. RFC 6121 §2. */
export interface RosterStore {
  /** All items and the roster's version, 0 where nothing was ever stored. */
  load(domain: string, local: string): Promise<{ items: RosterItem[]; version: number }>;
  /** Stores one item and returns the roster's new version. */
  put(domain: string, local: string, item: RosterItem): Promise<number>;
  /** Removes one item and returns the roster's new version. */
  remove(domain: string, local: string, jid: string): Promise<number>;
  /**
   * Items about a contact that say more than his name: a subscription either way, one asked for, an approval. Of every
   * domain, in order of domain and local part, after `after`, at most `limit`.
   */
  about(jid: string, after: RosterOwner | undefined, limit: number): Promise<RosterEntry[]>;
}

/** A message kept for an account that had no resource to take it. XEP-0160. */
export interface OfflineMessage {
  /** Position, ascending in order of arrival. */
  readonly id: number;
  /** Stanza text with its delay stamp. */
  readonly text: string;
}

/** Offline messages. */
export interface OfflineStore {
  /** Appends; false where the account already keeps `limit` messages. */
  add(domain: string, local: string, text: string, at: number, limit: number): Promise<boolean>;
  /** As `add`, after one that was given up and may be stored all the same: where the text is there it stays there once. */
  addAgain(domain: string, local: string, text: string, at: number, limit: number): Promise<boolean>;
  /** Oldest first, ids greater than `after`, at most `limit`. */
  read(domain: string, local: string, after: number, limit: number): Promise<OfflineMessage[]>;
  /** Forgets everything up to and including `id`. */
  removeThrough(domain: string, local: string, id: number): Promise<void>;
  count(domain: string, local: string): Promise<number>;
  /** Of these accounts, those that have any; ask for some hundreds at a time. */
  having(domain: string, locals: readonly string[]): Promise<string[]>;
  /** Messages kept for all accounts: for metrics, not for every turn. */
  total(): Promise<number>;
}

/** Names a held message: made by the node before the message is stored, never given again. */
export interface HeldKey {
  /** The member of the cluster (one process) that holds it. */
  readonly member: string;
  /** Ascending in the order in which the member made them. */
  readonly id: number;
}

/** A message that a session holds for its client, stored so that it outlives the node. XEP-0198. */
export interface HeldMessage extends HeldKey {
  readonly domain: string;
  readonly local: string;
  /** Stanza text as it was to be delivered. */
  readonly text: string;
  /** When it arrived, ms since the epoch. */
  readonly at: number;
}

/** Messages on their way to clients, by the member of the cluster that holds them. */
export interface HeldStore {
  /** Makes the ids of what is to be stored. */
  readonly ids: { next(): number };
  /** What is to be removed and may still be there, or come yet. */
  readonly unremoved: readonly HeldKey[];
  /**
   * Stores one; adds of one turn are committed together. One that is there already stays as it is, so that whoever was
   * told that it failed tries again with the same key. @throws StoreUnavailable: it may be stored all the same
   */
  add(message: HeldMessage): Promise<void>;
  /**
   * Forgets what its client has acknowledged, also where its `add` was given up and is committed later; unknown keys are
   * no error. Where it rejects, it is tried until done.
   */
  remove(keys: readonly HeldKey[]): Promise<void>;
  get(key: HeldKey): Promise<HeldMessage | undefined>;
  /** Oldest first, ids greater than `after`, at most `limit`; of what is to be removed, nothing. */
  read(member: string, after: number, limit: number): Promise<HeldMessage[]>;
  /** Members that have any. */
  members(): Promise<string[]>;
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
  /** Everything that any store keeps for an account, store by store. @throws StoreUnavailable */
  exported(account: StoreAccount): AsyncIterable<ExportedRecord>;
  /** Resolves once every backend answers; rejects with `StoreUnavailable`. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
