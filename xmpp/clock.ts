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
