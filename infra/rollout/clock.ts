// Time as the rollout sees it, so that tests can hold it.

export interface Clock {
  /** ms since the epoch. */
  now(): number;
  /** Resolves after that many ms. */
  wait(ms: number): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};
