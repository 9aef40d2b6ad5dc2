// How long to wait before a node is started again: truncated exponential back-off with jitter. Pure.

const FIRST_MS = 250;
const MOST_MS = 30_000;

/** A node that ran this long counts as well: the next failure is its first, ms. */
export const STEADY_MS = 30_000;

/** ms to wait after the n-th failure in a row (from 1). `random` is from 0 up to 1. */
export function backoffDelay(failures: number, random: number): number {
  const ceiling = Math.min(MOST_MS, FIRST_MS * 2 ** (failures - 1));
  return Math.round(ceiling * (0.5 + random / 2));
}
