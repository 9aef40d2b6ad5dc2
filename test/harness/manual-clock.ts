// A clock that stands still until a talk moves it on.
import type { Clock, Timer } from "../../xmpp/clock.ts";

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Time of a talk: timers fire when `advance` reaches them, in their order, and never by themselves. */
export class ManualClock implements Clock {
  private readonly pending = new Set<Pending>();
  private time: number;
  private order = 0;

  constructor(start: number) {
    this.time = start;
  }

  /** May be passed on by itself, as `systemClock.now` may. */
  readonly now = (): number => this.time;

  /** Timers that have not fired. */
  get waiting(): number {
    return this.pending.size;
  }

  setTimeout(callback: () => void, ms: number): Timer {
    const timer = { at: this.time + Math.max(0, ms), order: this.order++, callback };
    this.pending.add(timer);
    return timer;
  }

  clearTimeout(timer: Timer | undefined): void {
    this.pending.delete(timer as Pending);
  }

  /** Moves on by `ms`; after each timer the event loop turns, so that what it began can set further timers. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      let next: Pending | undefined;
      for (const timer of this.pending)
        if (
          timer.at <= end &&
          (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order))
        )
          next = timer;
      if (next === undefined) break;
      this.pending.delete(next);
      this.time = Math.max(this.time, next.at);
      next.callback();
      await turns(2);
    }
    this.time = end;
    await turns(2);
  }

  /** Time passes in which nothing of this process runs: what goes on finds its timers late. */
  stoodStill(ms: number): void {
    this.time += ms;
  }
}

/** Lets the event loop turn. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
