// Accounts in memory, and the shelf that the memory stores share.
import type { AccountRecord, AccountStore, Credentials, OfflineMessage, RosterItem } from "../../ports/store.ts";
import { checkAccount, compareKeys } from "../backend/text.ts";
import type { MemoryHeld } from "./held.ts";

/** What memory keeps of one account. */
export interface Shelf {
  account: AccountRecord | undefined;
  rosterVersion: number;
  readonly roster: Map<string, RosterItem>;
  lastOfflineId: number;
  offline: OfflineMessage[];
  /** Kind → index key → document. */
  readonly documents: Map<string, Map<string, { key: string; text: string }>>;
}

/** Domain → local part → shelf. */
export type Shelves = Map<string, Map<string, Shelf>>;

/** The account's shelf, if anything is kept for it. @throws UnstorableText */
export function findShelf(shelves: Shelves, domain: string, local: string): Shelf | undefined {
  checkAccount(domain, local);
  return shelves.get(domain)?.get(local);
}

/** The account's shelf, made where there is none. @throws UnstorableText */
export function shelfOf(shelves: Shelves, domain: string, local: string): Shelf {
  const found = findShelf(shelves, domain, local);
  if (found !== undefined) return found;
  const shelf: Shelf = {
    account: undefined,
    rosterVersion: 0,
    roster: new Map(),
    lastOfflineId: 0,
    offline: [],
    documents: new Map(),
  };
  const ofDomain = shelves.get(domain) ?? new Map<string, Shelf>();
  shelves.set(domain, ofDomain.set(local, shelf));
  return shelf;
}

/** Accounts in memory. */
export class MemoryAccounts implements AccountStore {
  readonly #shelves: Shelves;
  readonly #held: Pick<MemoryHeld, "forget">;

  constructor(shelves: Shelves, held: Pick<MemoryHeld, "forget"> = { forget: () => {} }) {
    this.#shelves = shelves;
    this.#held = held;
  }

  async get(domain: string, local: string): Promise<AccountRecord | undefined> {
    return findShelf(this.#shelves, domain, local)?.account;
  }

  async exists(domain: string, local: string): Promise<boolean> {
    return findShelf(this.#shelves, domain, local)?.account !== undefined;
  }

  async create(domain: string, local: string, credentials: Credentials, createdAt: number): Promise<boolean> {
    if (findShelf(this.#shelves, domain, local)?.account !== undefined) return false;
    this.#forget(domain, local);
    const shelf = shelfOf(this.#shelves, domain, local);
    shelf.account = { local, credentials: { ...credentials }, createdAt, disabled: false };
    return true;
  }

  async setDisabled(domain: string, local: string, disabled: boolean): Promise<boolean> {
    const shelf = findShelf(this.#shelves, domain, local);
    if (shelf?.account === undefined) return false;
    shelf.account = { ...shelf.account, disabled };
    return true;
  }

  async setCredentials(domain: string, local: string, credentials: Credentials): Promise<boolean> {
    const shelf = findShelf(this.#shelves, domain, local);
    if (shelf?.account === undefined) return false;
    shelf.account = { ...shelf.account, credentials: { ...credentials } };
    return true;
  }

  async delete(domain: string, local: string): Promise<boolean> {
    const existed = findShelf(this.#shelves, domain, local)?.account !== undefined;
    this.#forget(domain, local);
    return existed;
  }

  #forget(domain: string, local: string): void {
    this.#shelves.get(domain)?.delete(local);
    this.#held.forget(domain, local);
  }

  async list(domain: string, after: string, limit: number): Promise<string[]> {
    checkAccount(domain, after);
    return this.#locals(domain)
      .filter((local) => compareKeys(local, after) > 0)
      .sort(compareKeys)
      .slice(0, Math.max(0, limit));
  }

  async count(domain: string): Promise<number> {
    checkAccount(domain, "");
    return this.#locals(domain).length;
  }

  #locals(domain: string): string[] {
    const entries = [...(this.#shelves.get(domain) ?? [])];
    return entries.filter(([, shelf]) => shelf.account !== undefined).map(([local]) => local);
  }
}
