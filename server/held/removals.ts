// Removes held messages until none of them is there or can come any more.
import { lastingClock, pause, systemClock, type Timer } from "../../xmpp/clock.ts";
import { chunksOf } from "../chunks.ts";
import { StoreUnavailable } from "../ports/store.ts";
import type { HeldKey } from "./port.ts";

/** Keys that wait for their removal; beyond it the oldest are forgotten (and delivered twice, should their node die). */
const MAX_DUE = 200_000;
/** Keys removed at a time. */
const BATCH = 5_000;
/** ms between two attempts. */
const PAUSE = 1_000;
/** ms that removals have before the store is closed. */
const CLOSING = 5_000;

/** A removal that is not done. */
interface Due {
  readonly key: HeldKey;
  /** True where its insert was given up: the database may commit it yet. */
  readonly doubtful: boolean;
  /** A removal that begins after this is the last (monotonic clock, ms). */
  until: number;
}

/** The removals of one store. */
export class HeldRemovals {
  readonly #delete: (keys: readonly HeldKey[]) => Promise<void>;
  readonly #settling: number;
  /** Inserts under way, by id. */
  readonly #adding = new Map<number, Promise<void>>();
  /** Ids whose insert was given up. */
  readonly #doubtful = new Set<number>();
  /** Removals that are tried for the first time. */
  readonly #underWay = new Set<readonly HeldKey[]>();
  readonly #due = new Map<string, Due>();
  #timer: Timer | undefined;
  #over = false;

  /** `operationMs`: after it the database, once it answers, has given up as well what this node gave up. */
  constructor(operationMs: number, remove: (keys: readonly HeldKey[]) => Promise<void>) {
    this.#settling = 2 * operationMs;
    this.#delete = remove;
  }

  /** Follows an insert. */
  async adding({ id }: HeldKey, adding: Promise<void>): Promise<void> {
    this.#adding.set(id, adding);
    try {
      await adding;
    } catch (error) {
      if (error instanceof StoreUnavailable) this.#doubtful.add(id);
      throw error;
    } finally {
      this.#adding.delete(id);
    }
  }

  /** What may still be there. */
  get unremoved(): readonly HeldKey[] {
    return [...[...this.#underWay].flat(), ...[...this.#due.values()].map(({ key }) => key)];
  }

  /** True for what is there no more as far as anybody may know. */
  has(key: HeldKey): boolean {
    return this.#due.size > 0 && this.#due.has(nameOf(key));
  }

  /** Where it rejects, it is tried again until it is done. */
  async remove(keys: readonly HeldKey[]): Promise<void> {
    if (keys.length === 0) return;
    this.#underWay.add(keys);
    try {
      const adding = this.#adding.size === 0 ? [] : keys.flatMap(({ id }) => this.#adding.get(id) ?? []);
      if (adding.length > 0) await Promise.allSettled(adding);
      await this.#delete(keys);
      if (this.#doubtful.size > 0) this.#later(keys.filter(({ id }) => this.#doubtful.has(id)));
    } catch (error) {
      this.#later(keys);
      throw error;
    } finally {
      this.#underWay.delete(keys);
    }
  }

  /** Removes what can be removed before the store is closed. */
  async close(): Promise<void> {
    this.#over = true;
    systemClock.clearTimeout(this.#timer);
    const end = performance.now() + CLOSING;
    while (this.#due.size > 0 && !(await this.#again()) && performance.now() < end)
      await pause(lastingClock, PAUSE / 10);
  }

  #later(keys: readonly HeldKey[]): void {
    for (const key of keys) {
      const name = nameOf(key);
      const doubtful = this.#doubtful.delete(key.id) || this.#due.get(name)?.doubtful === true;
      this.#due.set(name, { key, doubtful, until: doubtful ? performance.now() + this.#settling : 0 });
      if (this.#due.size > MAX_DUE) this.#due.delete(this.#due.keys().next().value as string);
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#over || this.#due.size === 0) return;
    this.#timer ??= systemClock.setTimeout(() => {
      this.#timer = undefined;
      void this.#again().then(() => this.#schedule());
    }, PAUSE);
  }

  /** True where all went through; a part of it may have to be looked for once more later. */
  async #again(): Promise<boolean> {
    const due = [...this.#due.values()];
    for (const batch of chunksOf(due, BATCH)) {
      const began = performance.now();
      try {
        await this.#delete(batch.map(({ key }) => key));
      } catch {
        // What the database has not answered it may still do once it is there again.
        for (const one of due) if (one.doubtful) one.until = performance.now() + this.#settling;
        return false;
      }
      for (const one of batch) if (one.until <= began) this.#due.delete(nameOf(one.key));
    }
    return true;
  }
}

/** A member's name has no NUL. */
function nameOf({ member, id }: HeldKey): string {
  return `${member}\0${id}`;
}
