// Tries again what failed, with growing pauses: one loop for whatever must come about.
import type { Clock } from "../xmpp/clock.ts";

/** The pauses between attempts. */
export interface Pauses {
  readonly clock: Clock;
  /** ms of the first pause; each is twice as long as the one before, up to the longest. */
  readonly first: number;
  readonly longest: number;
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
  for (let pause = first; ; pause = Math.min(2 * pause, longest)) {
    await new Promise<void>((resolve) => clock.setTimeout(resolve, pause));
    if (clock.now() > end) return false;
    if (await attempt()) return true;
  }
}
