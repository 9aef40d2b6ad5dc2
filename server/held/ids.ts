// Ids of held messages, made by the node: known before the message is stored, and whatever becomes of that.

import { randomInt } from "node:crypto";

/** Processes that may make an id of the same millisecond; until the year 2255 ids are exact as numbers. */
const OF_ONE_MS = 1_000;

/**
 * The ids that one process gives; they ascend, also over a restart. Their last three digits are the process's own: nodes
 * of an earlier schema remove by id alone, whoever holds it, and must not meet another's.
 */
export class HeldIds {
  readonly #now: () => number;
  readonly #own: number;
  #last = 0;

  /** `now` gives ms since the epoch; `own` is from 0 to 999. */
  constructor(now: () => number, own: number = randomInt(OF_ONE_MS)) {
    this.#now = now;
    this.#own = own;
  }

  /** A new one. */
  next(): number {
    this.#last = Math.max(this.#last + OF_ONE_MS, Math.trunc(this.#now()) * OF_ONE_MS + this.#own);
    return this.#last;
  }

  /** The store has this one, of an earlier start: the clock may have been set back since. */
  seen(id: number): void {
    if (id > this.#last) this.#last = Math.ceil((id - this.#own) / OF_ONE_MS) * OF_ONE_MS + this.#own;
  }
}
