// Work that must come about: tried again at growing intervals while it is still wanted.
import type { Logger } from "pino";
import type { Clock } from "../xmpp/clock.ts";
import { tryAgain } from "../xmpp/try-again.ts";

/** ms between two tries. */
const PAUSES = { first: 1_000, longest: 60_000 };

/** Works by key: of each key one at most waits for its next try. */
export class Persistent {
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly what: string;
  private readonly waiting = new Set<string>();

  /** @param what the work, in the words of the log: "delivery of kept messages" */
  constructor(parts: { readonly clock: Clock; readonly log: Logger }, what: string) {
    this.clock = parts.clock;
    this.log = parts.log;
    this.what = what;
  }

  /**
   * Tries now, and resolves after this first try. Where it fails it is tried again until it succeeds or `wanted` says
   * that nobody needs it any more; another run of the same key then adds no second series.
   */
  async run(key: string, work: () => void | Promise<void>, wanted: () => boolean): Promise<void> {
    if (await this.attempt(key, work)) return;
    if (this.waiting.has(key)) return;
    this.waiting.add(key);
    void tryAgain({ clock: this.clock, ...PAUSES }, async () => {
      const done = !wanted() || (await this.attempt(key, work));
      if (done) this.waiting.delete(key);
      return done;
    });
  }

  private async attempt(key: string, work: () => void | Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      // Thousands may fail at once, all for one reason: whoever looks for it looks closer.
      this.log.debug({ key, reason }, `${this.what} failed; it is tried again`);
      return false;
    }
  }
}
