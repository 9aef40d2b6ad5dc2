// Token bucket over stanzas: how many a second one stream may bring.
import type { Clock } from "../../xmpp/clock.ts";

/** Seconds of its rate that a stream may bring at once. */
const BURST_SECONDS = 2;

/** Allows a number of stanzas a second on average. */
export class StanzaRate {
  private readonly clock: Clock;
  private rate: number;
  private tokens: number;
  private at: number;

  constructor(clock: Clock, rate: number) {
    this.clock = clock;
    this.rate = rate;
    this.tokens = rate * BURST_SECONDS;
    this.at = clock.now();
  }

  /** Takes one; a promise means to read no further until it resolves. */
  take(): Promise<void> | undefined {
    if (--this.tokens >= 0) return undefined;
    const now = this.clock.now();
    this.tokens = Math.min(this.rate * BURST_SECONDS, this.tokens + ((now - this.at) / 1000) * this.rate);
    this.at = now;
    if (this.tokens >= 0) return undefined;
    const ms = Math.ceil((-this.tokens / this.rate) * 1000);
    return new Promise((resolve) => this.clock.setTimeout(resolve, ms));
  }

  /** Another rate from now on. */
  reset(rate: number): void {
    this.rate = rate;
    this.tokens = Math.min(this.tokens, rate * BURST_SECONDS);
  }
}
