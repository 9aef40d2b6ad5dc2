// Accounts come and go with all that any backend keeps for them: no transaction spans two backends, so it is noted.
import { randomInt } from "node:crypto";
import { lastingClock, systemClock, type Timer } from "../../xmpp/clock.ts";
import { tryAgain } from "../../xmpp/try-again.ts";
import { type Apart, type StoreAccount, StoreUnavailable } from "../ports/store.ts";

/** ms after which whoever was clearing a name has given up; an operation of a store takes far less. */
const STALE = 30_000;
/** Whoever makes the same account at the same moment is done within a few operations of a store: he is waited for. */
const WAITED_FOR = { clock: lastingClock, first: 20, longest: 200, within: 1_000 };
/** ms between two looks for names whose clearing did not come to its end. */
const AGAIN = 600_000;
/** Names looked at in one go. */
const PAGE = 100;
/** Clearings that may begin within one ms and still be told apart. */
const OF_ONE_MS = 1_000;

/** A clearing: `since` (ms since the epoch, and three digits of chance) tells it from others of the same name. */
export interface Cleared extends StoreAccount {
  readonly since: number;
}

/** What the backend of the accounts does, each within one transaction of its own. */
export interface AccountRows<Row extends StoreAccount> {
  /** Makes an account and forgets all that this backend has under its name, a clearing too. False where it exists. */
  create(row: Row): Promise<boolean>;
  /** As `create`, where that clearing is still under way; undefined where it is not. */
  createCleared(row: Row, since: number): Promise<boolean | undefined>;
  /** Removes an account with all that this backend has of it, and notes a clearing where `since` is given. */
  delete(account: StoreAccount, since: number | undefined): Promise<boolean>;
  /**
   * Begins a clearing, or takes over one that began before `stale`. `exists`: there is an account of that name (then none
   * is noted any more); `taken`: another one is at it. No account of the name comes about between the answer `claimed` and
   * the end of that clearing, unless it is taken over.
   */
  claim(cleared: Cleared, stale: number): Promise<"claimed" | "exists" | "taken">;
  /** Ends a clearing, if it still is that one. */
  done(cleared: Cleared): Promise<void>;
  /** Clearings that began before, at most so many. */
  clearings(before: number, limit: number): Promise<StoreAccount[]>;
}

/**
 * Makes and removes accounts. Where one backend keeps everything that is one transaction. Where others keep a part, a name
 * is noted as being cleared in the transaction that removes its account, and the note goes once all others have forgotten
 * it; nobody makes an account of that name meanwhile. What a crash left is done later, by any node.
 */
export class Clearing<Row extends StoreAccount> {
  readonly #rows: AccountRows<Row>;
  readonly #apart: Apart;
  readonly #now: () => number;
  #timer: Timer | undefined;
  #over = false;
  #working: Promise<void> = Promise.resolve();

  constructor(rows: AccountRows<Row>, { apart, now }: { readonly apart: Apart; now(): number }) {
    this.#rows = rows;
    this.#apart = apart;
    this.#now = now;
  }

  /** False where the account exists already. @throws StoreUnavailable, also while the name is being cleared */
  async create(row: Row): Promise<boolean> {
    if (!this.#apart.some) return this.#rows.create(row);
    const cleared = await this.#claimed(row);
    if (cleared === undefined) return false;
    await this.#apart.purge(row);
    const created = await this.#rows.createCleared(row, cleared.since);
    if (created === undefined) throw new StoreUnavailable("the name was taken over while it was being cleared");
    return created;
  }

  /** False where there was no account. What others keep and cannot forget now is removed later. @throws StoreUnavailable */
  async delete(account: StoreAccount): Promise<boolean> {
    if (!this.#apart.some) return this.#rows.delete(account, undefined);
    const cleared = this.#begun(account);
    const removed = await this.#rows.delete(account, cleared.since);
    try {
      await this.#finish(cleared);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      this.#later(2 * STALE);
    }
    return removed;
  }

  /** Once every store is open: goes on with what was not finished, now and from time to time. */
  start(): void {
    if (this.#apart.some) this.#later(0);
  }

  /** Resolves once nothing is under way; nothing begins any more. */
  async stop(): Promise<void> {
    this.#over = true;
    systemClock.clearTimeout(this.#timer);
    await this.#working;
  }

  /** A clearing of its own, once nobody else is at one; undefined where there is an account. @throws StoreUnavailable */
  async #claimed(account: StoreAccount): Promise<Cleared | undefined> {
    let cleared = this.#begun(account);
    let claim = await this.#rows.claim(cleared, this.#stale());
    const again = async () => {
      cleared = this.#begun(account);
      claim = await this.#rows.claim(cleared, this.#stale());
      return claim !== "taken";
    };
    if (claim === "taken") await tryAgain(WAITED_FOR, again);
    if (claim === "taken") throw new StoreUnavailable("what an earlier account of that name left is being removed");
    return claim === "claimed" ? cleared : undefined;
  }

  #begun({ domain, local }: StoreAccount): Cleared {
    return { domain, local, since: Math.trunc(this.#now()) * OF_ONE_MS + randomInt(OF_ONE_MS) };
  }

  #stale(): number {
    return (Math.trunc(this.#now()) - STALE) * OF_ONE_MS;
  }

  async #finish(cleared: Cleared): Promise<void> {
    await this.#apart.purge(cleared);
    await this.#rows.done(cleared);
  }

  #later(ms: number): void {
    if (this.#over) return;
    systemClock.clearTimeout(this.#timer);
    this.#timer = systemClock.setTimeout(() => {
      // What does not answer now is looked at again.
      this.#working = this.#settle().catch(() => {});
      void this.#working.then(() => this.#later(AGAIN));
    }, ms);
  }

  async #settle(): Promise<void> {
    const stale = this.#stale();
    for (const account of await this.#rows.clearings(stale, PAGE)) {
      if (this.#over) return;
      const cleared = this.#begun(account);
      if ((await this.#rows.claim(cleared, stale)) === "claimed") await this.#finish(cleared);
    }
  }
}
