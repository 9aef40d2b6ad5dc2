// How long to wait before a node is started again: truncated exponential back-off with jitter. Pure.

import { growingPause } from "../../xmpp/try-again.ts";

/** ms. */
const PAUSES = { first: 250, longest: 30_000 };

/** A node that ran this long counts as well: the next failure is its first, ms. */
export const STEADY_MS = 30_000;

/** ms to wait after the n-th failure in a row (from 1). `random` is from 0 up to 1. */
export function backoffDelay(failures: number, random: number): number {
  return Math.round(growingPause(failures - 1, PAUSES, { sure: 0.5, random: () => random }));
}
