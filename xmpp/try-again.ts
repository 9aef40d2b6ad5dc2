// Tries again what failed, with growing pauses: one loop for whatever must come about.
import type { Clock } from "./clock.ts";

/** How pauses grow. */
export interface Growth {
  /** ms of the first pause; each is twice as long as the one before, up to the longest. */
  readonly first: number;
  readonly longest: number;
}

/** Where many may fail at once, so that they do not all come back at once. */
export interface Jitter {
  /** The share of a pause that is sure, from 0 up to 1; the rest is at random. */
  readonly sure: number;
  /** Gives a number from 0 up to 1. */
  readonly random: () => number;
}

/** ms to pause after so many pauses before, from 0: truncated binary exponential back-off. */
export function growingPause(before: number, { first, longest }: Growth, jitter?: Jitter): number {
  const whole = Math.min(longest, first * 2 ** before);
  return jitter === undefined ? whole : whole * (jitter.sure + (1 - jitter.sure) * jitter.random());
}

/** The pauses between attempts. */
export interface Pauses extends Growth {
  readonly clock: Clock;
  /** ms after which nothing is attempted any more; absent: it goes on for as long as it takes. */
  readonly within?: number;
}

/**
 * Pauses, attempts, and so on until `attempt` says that it is done; what has to be attempted at once is so before this.
 * False where the time is over. @throws what `attempt` throws, which ends it
 */
export async function tryAgain(
  { clock, first, longest, within = Number.POSITIVE_INFINITY }: Pauses,
  attempt: () => boolean | Promise<boolean>,
): Promise<boolean> {
  const end = clock.now() + within;
  for (let before = 0; ; before++) {
    const pause = growingPause(before, { first, longest });
    await new Promise<void>((resolve) => clock.setTimeout(resolve, pause));
    if (clock.now() > end) return false;
    if (await attempt()) return true;
  }
}
