// Time as everything in Meridian sees it, so that tests can hold it still and move it on.

/** A pending timer; opaque to its owner. */
export type Timer = object | number;

/** Source of time and timers. Production uses `systemClock`; talks use a clock that only moves when told to. */
export interface Clock {
  /** Wall-clock time, ms since the epoch. */
  now(): number;
  /** Calls `callback` once after `ms`. The timer does not keep the process alive. */
  setTimeout(callback: () => void, ms: number): Timer;
  clearTimeout(timer: Timer | undefined): void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
};

/** The machine's own clock where a timer is to keep the process alive: what is waited for comes by nothing else. */
export const lastingClock: Clock = { ...systemClock, setTimeout: (callback, ms) => setTimeout(callback, ms) };

/** Resolves after `ms`. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimeout(resolve, ms));
}

/** How long something is waited for that nobody tells of. */
export interface Look {
  /** ms since the epoch after which it is waited for no longer. */
  readonly end: number;
  /** ms between two looks. */
  readonly every: number;
}

/** Resolves once `holds` is true at a look, or the time is over. */
export async function untilHolds(clock: Clock, holds: () => boolean, { end, every }: Look): Promise<void> {
  while (!holds() && clock.now() < end) await pause(clock, every);
}
