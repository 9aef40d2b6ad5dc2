// Ids of held messages, made by the node: known before the message is stored, and whatever becomes of that.

/** Ids of one millisecond; until the year 2255 they are exact as numbers. */
const OF_ONE_MS = 1_000;

/** The ids that one process gives; they ascend, also over a restart. */
export class HeldIds {
  readonly #now: () => number;
  #last = 0;

  /** `now` gives ms since the epoch. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** A new one. */
  next(): number {
    this.#last = Math.max(this.#last + 1, Math.trunc(this.#now()) * OF_ONE_MS);
    return this.#last;
  }

  /** The store has this one, of an earlier start: the clock may have been set back since. */
  seen(id: number): void {
    if (id > this.#last) this.#last = id;
  }
}
