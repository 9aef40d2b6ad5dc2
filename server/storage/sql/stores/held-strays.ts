// Finds held messages whose insert was given up and committed all the same: nobody knows their ids.
import { StoreUnavailable } from "../../ports.ts";

/** Looks after an insert was given up: the second for what was committed behind the first. */
const LOOKS = 2;

/** What is asked of the store. */
export interface StrayStore {
  /** Ids above `after` that a member has. */
  ids(member: string, after: number): Promise<number[]>;
  remove(ids: readonly number[]): Promise<void>;
}

/**
 * Knows the ids that were told and not removed yet: any other row of the member's, above the first id of this life, is
 * one that was given up. Its message was stored anew or went elsewhere, so that it would be delivered twice.
 */
export class HeldStrays {
  readonly #store: StrayStore;
  readonly #operationMs: number;
  readonly #known = new Set<number>();
  readonly #underWay = new Set<Promise<unknown>>();
  /** Looks that are due, by member. */
  readonly #due = new Map<string, number>();
  #first: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #over = false;

  /** `operationMs`: after it the database has given up as well what this node gave up. */
  constructor(operationMs: number, store: StrayStore) {
    this.#operationMs = operationMs;
    this.#store = store;
  }

  /** Follows an insert. */
  async adding(member: string, adding: Promise<number>): Promise<number> {
    this.#underWay.add(adding);
    try {
      const id = await adding;
      this.#first ??= id;
      this.#known.add(id);
      return id;
    } catch (error) {
      if (error instanceof StoreUnavailable) this.#look(member, LOOKS);
      throw error;
    } finally {
      this.#underWay.delete(adding);
    }
  }

  /** These are no longer held. */
  removed(ids: readonly number[]): void {
    for (const id of ids) this.#known.delete(id);
  }

  /** Looks no more. */
  stop(): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }

  #look(member: string, looks: number): void {
    this.#due.set(member, looks);
    if (this.#over) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#lookNow();
    }, this.#operationMs).unref();
  }

  async #lookNow(): Promise<void> {
    for (const [member, looks] of [...this.#due]) {
      this.#due.delete(member);
      const done = await this.#removeOf(member).catch(() => false);
      const left = done ? looks - 1 : looks;
      if (left > 0) this.#look(member, Math.max(left, this.#due.get(member) ?? 0));
    }
  }

  /** True once it has looked. */
  async #removeOf(member: string): Promise<boolean> {
    if (this.#first === undefined) return false;
    const found = await this.#store.ids(member, this.#first);
    // What is there already and will be told in a moment is no stray.
    await Promise.allSettled([...this.#underWay]);
    // One turn for their followers to have noted it.
    await new Promise(setImmediate);
    await this.#store.remove(found.filter((id) => !this.#known.has(id)));
    return true;
  }
}
