// How a rollout ends when it does not end well: errors with the exit code of the command that meets them.

/** Exit codes of `meridian rollout`. */
export const exitCodes = {
  done: 0,
  /** Something broke that is no decision of the rollout. */
  failed: 1,
  /** Wrong use, or a broken world or plan file. */
  usage: 2,
  /** Another rollout holds the lock. */
  locked: 3,
  /** A gate failed; its region was rolled back, later waves were not touched. */
  rolledBack: 4,
  /** Refused before anything was changed: a freeze, a policy, something stateful. */
  refused: 5,
  /** Paused, or aborted, by somebody. */
  stopped: 6,
  /** What would be changed is not what was planned. */
  planChanged: 7,
} as const;

/** An error with its exit code. */
export class RolloutError extends Error {
  override name = "RolloutError";
  readonly exitCode: number;

  constructor(exitCode: keyof typeof exitCodes, message: string) {
    super(message);
    this.exitCode = exitCodes[exitCode];
  }
}
