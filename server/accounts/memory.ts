// Accounts in memory.
import type { AccountRecord, AccountStore, Credentials, StoreAccount } from "../ports/store.ts";
import { checkAccount, compareKeys } from "../storage/backend/text.ts";
import { ByAccount } from "../storage/memory/by-account.ts";
import type { MemoryParts, MemoryStore } from "../storage/memory/way.ts";
import { type AccountRows, type Cleared, Clearing } from "./clearing.ts";

/** A new, empty store. */
export function memoryAccounts(parts: MemoryParts): MemoryStore<AccountStore> {
  const kept = new ByAccount<AccountRecord>();
  const clearing = new Clearing(new MemoryRows(kept, parts), parts);
  return {
    store: new MemoryAccounts(kept, clearing),
    start: () => clearing.start(),
    idle: () => clearing.stop(),
    purge: (account) => void kept.delete(account),
  };
}

type Row = AccountRecord & StoreAccount;

/** Accounts in memory. */
class MemoryAccounts implements AccountStore {
  readonly #kept: ByAccount<AccountRecord>;
  readonly #clearing: Clearing<Row>;

  constructor(kept: ByAccount<AccountRecord>, clearing: Clearing<Row>) {
    this.#kept = kept;
    this.#clearing = clearing;
  }

  async get(domain: string, local: string): Promise<AccountRecord | undefined> {
    return this.#kept.get(domain, local);
  }

  async exists(domain: string, local: string): Promise<boolean> {
    return this.#kept.get(domain, local) !== undefined;
  }

  async create(domain: string, local: string, credentials: Credentials, createdAt: number): Promise<boolean> {
    checkAccount(domain, local);
    return this.#clearing.create({ domain, local, credentials: { ...credentials }, createdAt, disabled: false });
  }

  async setDisabled(domain: string, local: string, disabled: boolean): Promise<boolean> {
    return this.#change(domain, local, { disabled });
  }

  async setCredentials(domain: string, local: string, credentials: Credentials): Promise<boolean> {
    return this.#change(domain, local, { credentials: { ...credentials } });
  }

  async delete(domain: string, local: string): Promise<boolean> {
    checkAccount(domain, local);
    return this.#clearing.delete({ domain, local });
  }

  async list(domain: string, after: string, limit: number): Promise<string[]> {
    checkAccount(domain, after);
    return [...this.#kept.of(domain)]
      .map(([local]) => local)
      .filter((local) => compareKeys(local, after) > 0)
      .sort(compareKeys)
      .slice(0, Math.max(0, limit));
  }

  async count(domain: string): Promise<number> {
    checkAccount(domain, "");
    return [...this.#kept.of(domain)].length;
  }

  #change(domain: string, local: string, part: Partial<AccountRecord>): boolean {
    const account = this.#kept.get(domain, local);
    if (account !== undefined) this.#kept.set(domain, local, { ...account, ...part });
    return account !== undefined;
  }
}

/** Each within one turn: nobody comes between. */
class MemoryRows implements AccountRows<Row> {
  readonly #kept: ByAccount<AccountRecord>;
  readonly #parts: MemoryParts;
  readonly #clearings = new ByAccount<number>();

  constructor(kept: ByAccount<AccountRecord>, parts: MemoryParts) {
    this.#kept = kept;
    this.#parts = parts;
  }

  async create({ domain, local, ...account }: Row): Promise<boolean> {
    if (this.#kept.get(domain, local) !== undefined) return false;
    this.#parts.purgeOthers({ domain, local });
    this.#clearings.delete({ domain, local });
    this.#kept.set(domain, local, { ...account, local });
    return true;
  }

  async createCleared(row: Row, since: number): Promise<boolean | undefined> {
    return this.#clearings.get(row.domain, row.local) === since ? this.create(row) : undefined;
  }

  async delete(account: StoreAccount, since: number | undefined): Promise<boolean> {
    const removed = this.#kept.delete(account);
    this.#parts.purgeOthers(account);
    if (since !== undefined) this.#clearings.set(account.domain, account.local, since);
    return removed;
  }

  async claim({ domain, local, since }: Cleared, stale: number): Promise<"claimed" | "exists" | "taken"> {
    if (this.#kept.get(domain, local) !== undefined) {
      this.#clearings.delete({ domain, local });
      return "exists";
    }
    if ((this.#clearings.get(domain, local) ?? 0) >= stale) return "taken";
    this.#clearings.set(domain, local, since);
    return "claimed";
  }

  async done(cleared: Cleared): Promise<void> {
    if (this.#clearings.get(cleared.domain, cleared.local) === cleared.since) this.#clearings.delete(cleared);
  }

  async clearings(before: number, limit: number): Promise<StoreAccount[]> {
    const found = [...this.#clearings.all()].filter(([, since]) => since < before);
    return found.slice(0, limit).map(([account]) => account);
  }
}
