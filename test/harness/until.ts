// Looks until something outside this process is so, where no event tells it: at intervals, so that what is waited for has
// the machine meanwhile.
import { setTimeout as pause } from "node:timers/promises";

/** ms between two looks. */
const EVERY = 20;

/**
 * Resolves once it holds. `what` is what is waited for, or a function that tells what there is instead.
 * @throws Error that says so after `within` ms
 */
export async function until(
  what: string | (() => string),
  holds: () => boolean | Promise<boolean>,
  within = 30_000,
): Promise<void> {
  const end = performance.now() + within;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`${typeof what === "string" ? what : what()}: not after ${within} ms`);
    await pause(EVERY);
  }
}
