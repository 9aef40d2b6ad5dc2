// When to try a remote domain again: at random within a minute, then ever later. RFC 6120 §3.3.

import { growingPause } from "../../xmpp/try-again.ts";

/** ms. */
const PAUSES = { first: 60_000, longest: 900_000 };

/** Truncated binary exponential back-off of one remote domain. */
export class BackOff {
  private failures = 0;
  private until = 0;
  private readonly random: () => number;

  /** `random` gives a number in [0, 1). */
  constructor(random: () => number = Math.random) {
    this.random = random;
  }

  /** Counts a failure at `now` (ms). */
  failed(now: number): void {
    this.until = now + growingPause(this.failures++, PAUSES, { sure: 0, random: this.random });
  }

  /** ms until another attempt may be made; 0 for at once. */
  wait(now: number): number {
    return Math.max(0, this.until - now);
  }

  /** Forgets the failures: the peer showed that it is there, or an operator said so. */
  reset(): void {
    this.failures = 0;
    this.until = 0;
  }
}
