// What a member sent past the wire waits for what it had announced on the wire before, so that its order holds.
import type { Clock, Timer } from "../../../xmpp/clock.ts";

/** ms after which it waits no longer: the announcement was lost, as where the wire was away. */
const PATIENCE = 500;

/** Messages of one member. */
export class Behind<T> {
  private readonly take: (message: T) => void;
  private readonly clock: Clock;
  /** Announcements heard. */
  private heard = 0;
  private waiting: { readonly after: number; readonly message: T }[] = [];
  private timer: Timer | undefined;

  /** @param take called with each message in its turn */
  constructor(take: (message: T) => void, clock: Clock) {
    this.take = take;
    this.clock = clock;
  }

  /** A message that its member sent after so many announcements. */
  add(message: T, after: number): void {
    if (this.waiting.length === 0 && after <= this.heard) return this.take(message);
    this.waiting.push({ after, message });
    this.wait();
  }

  /** The member's announcement of that number was heard, or is waited for no longer. */
  announced(number: number): void {
    if (number > this.heard) this.heard = number;
    let next = this.waiting[0];
    if (next === undefined || next.after > this.heard) return;
    this.clock.clearTimeout(this.timer);
    this.timer = undefined;
    for (; next !== undefined && next.after <= this.heard; next = this.waiting[0]) {
      this.waiting.shift();
      this.take(next.message);
    }
    if (next !== undefined) this.wait();
  }

  private wait(): void {
    this.timer ??= this.clock.setTimeout(() => {
      this.timer = undefined;
      this.announced(this.waiting[0]?.after ?? 0);
    }, PATIENCE);
  }

  /** Nothing of it is taken any more. */
  end(): void {
    this.clock.clearTimeout(this.timer);
    this.timer = undefined;
    this.waiting = [];
  }
}
