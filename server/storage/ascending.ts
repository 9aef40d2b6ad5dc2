// Numbers that ascend with the clock of one process, also where it is set back.

/** Numbers of one ms; until the year 2255 they are exact. */
export const OF_ONE_MS = 1_000;

/** How numbers are apart. */
export interface Steps {
  /** From one to the next, at least: 1, or `OF_ONE_MS` where the last three digits stay the process's own. */
  readonly step: number;
  /** What they are of a ms at first: from 0 to `step` - 1. */
  readonly own: number;
}

/** Ascending numbers: ms since the epoch, and three digits more. Where more are wanted than time gives, they go ahead of it. */
export class Ascending {
  readonly #now: () => number;
  readonly #steps: Steps;
  #last = 0;

  /** `now` gives ms since the epoch. */
  constructor(now: () => number, steps: Steps) {
    this.#now = now;
    this.#steps = steps;
  }

  /** A new one. */
  next(): number {
    const { step, own } = this.#steps;
    this.#last = Math.max(this.#last + step, Math.trunc(this.#now()) * OF_ONE_MS + own);
    return this.#last;
  }

  /** This one is there, of an earlier start or of another process: what follows is greater. */
  seen(given: number): void {
    const { step, own } = this.#steps;
    if (given > this.#last) this.#last = Math.ceil((given - own) / step) * step + own;
  }
}
