// Who comes next: those who want the same key go one after the other, and as many wait as may, for as long as they may.
import type { Clock } from "../../../xmpp/clock.ts";
import { ExclusiveUnavailable } from "../../ports/exclusive.ts";

/** How many may wait, for one key and for all; and ms that one may. */
export interface TurnLimits {
  readonly perKey: number;
  readonly together: number;
  readonly patience: number;
}

/** Turns by key; a key is forgotten once nobody has it. */
export class Turns {
  private readonly clock: Clock;
  private readonly limits: TurnLimits;
  /** Keys that somebody has, with those who wait, in order. */
  private readonly queues = new Map<string, Set<() => void>>();
  private waiting = 0;

  constructor(clock: Clock, limits: TurnLimits) {
    this.clock = clock;
    this.limits = limits;
  }

  /** Keys that somebody has. */
  get size(): number {
    return this.queues.size;
  }

  /** True where somebody has the key. */
  has(key: string): boolean {
    return this.queues.has(key);
  }

  /** Resolves when the key is the caller's, who must `leave` it. @throws ExclusiveUnavailable */
  enter(key: string): void | Promise<void> {
    const queue = this.queues.get(key);
    if (queue === undefined) return void this.queues.set(key, new Set());
    if (queue.size >= this.limits.perKey || this.waiting >= this.limits.together)
      throw new ExclusiveUnavailable("too many wait for the same");
    this.waiting++;
    return new Promise((resolve, reject) => {
      const go = () => {
        this.waiting--;
        this.clock.clearTimeout(timer);
        resolve();
      };
      const timer = this.clock.setTimeout(() => {
        queue.delete(go);
        this.waiting--;
        reject(new ExclusiveUnavailable("those before take too long"));
      }, this.limits.patience);
      queue.add(go);
    });
  }

  /** The next one's turn. */
  leave(key: string): void {
    const queue = this.queues.get(key);
    const [next] = queue ?? [];
    if (next === undefined) return void this.queues.delete(key);
    queue?.delete(next);
    next();
  }
}
