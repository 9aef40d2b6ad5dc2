// A node that starts while something it needs is away waits for it, and says so once.

import type { Logger } from "pino";
import { lastingClock, pause } from "../../xmpp/clock.ts";
import { isStoreAway } from "../ports/failure.ts";

/** ms of real time between two tries. */
const PAUSE = 1_000;

/** What a node waits for, in the words of `/readyz`; nothing, as a rule. */
export class Waits {
  private readonly log: Logger;
  private readonly now = new Set<string>();
  private readonly patient: boolean;

  /** @param patient false for a process that is to fail at once, such as a command of an operator's */
  constructor(patient: boolean, log: Logger) {
    this.patient = patient;
    this.log = log;
  }

  /** "waits for the database", undefined where nothing is waited for. */
  get reason(): string | undefined {
    return this.now.size === 0 ? undefined : `waits for ${[...this.now].join(", ")}`;
  }

  /**
   * Tries until it works. One line says what is waited for and why, and one that it came.
   * @param what for instance "the database"
   * @throws whatever does not pass by itself: a wrong password, a database that is not there
   */
  async until<T>(what: string, attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const value = await attempt();
        if (this.now.delete(what)) this.log.info(`${what} is there: the start goes on`);
        return value;
      } catch (error) {
        if (!this.patient || !passes(error)) {
          this.now.delete(what);
          throw error;
        }
        if (!this.now.has(what)) this.log.warn(`waiting for ${what}: ${(error as Error).message}`);
        this.now.add(what);
      }
      await pause(lastingClock, PAUSE);
    }
  }
}

/** True for an error that passes by itself: what is needed is away, and nobody has made a mistake that could be corrected. */
function passes(error: unknown): boolean {
  if (isStoreAway(error)) return true;
  return error instanceof Error && "passes" in error && error.passes === true;
}
