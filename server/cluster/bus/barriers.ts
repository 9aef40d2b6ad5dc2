// Barriers on the node bus: each waits for its own announcement to come back, for a bounded time.
import { lastingClock } from "../../../xmpp/clock.ts";

/** ms after which a barrier is passed although nothing came back: the connection is away. */
const PATIENCE = 500;

/** Barriers of one node. */
export class Barriers {
  private count = 0;
  private readonly awaited = new Map<string, () => void>();

  /** Raises one: `announce` sends its id to everybody, this node included. Resolves once that has come back. */
  raise(announce: (id: string) => void): Promise<void> {
    const id = String(++this.count);
    return new Promise((resolve) => {
      const timer = lastingClock.setTimeout(() => this.passed(id), PATIENCE);
      this.awaited.set(id, () => {
        lastingClock.clearTimeout(timer);
        resolve();
      });
      // What changed in this turn is announced at its end, and must come before.
      setImmediate(() => announce(id));
    });
  }

  /** Its announcement came back. */
  passed(id: string): void {
    const resolve = this.awaited.get(id);
    this.awaited.delete(id);
    resolve?.();
  }
}
