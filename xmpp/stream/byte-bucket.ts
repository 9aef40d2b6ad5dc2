// Token bucket over bytes read, or over ms of work: how fast one stream may send.
import type { Clock } from "../clock.ts";

/** Allows `rate` bytes a second on average and `burst` at once. */
export class ByteBucket {
  private readonly clock: Clock;
  private rate: number;
  private burst: number;
  private tokens: number;
  private at: number;

  constructor(clock: Clock, rate: number, burst: number) {
    this.clock = clock;
    this.rate = rate;
    this.burst = burst;
    this.tokens = burst;
    this.at = clock.now();
  }

  /** Takes `bytes` and returns for how many ms to stop reading; 0 to go on. */
  take(bytes: number): number {
    this.tokens -= bytes;
    if (this.tokens >= 0) return 0;
    const now = this.clock.now();
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.at) / 1000) * this.rate);
    this.at = now;
    return this.tokens >= 0 ? 0 : Math.ceil((-this.tokens / this.rate) * 1000);
  }

  /** True where nothing is owed and all of the burst may be taken. */
  full(now: number): boolean {
    return this.tokens + ((now - this.at) / 1000) * this.rate >= this.burst;
  }

  /** Other limits from now on, with a full bucket. */
  reset(rate: number, burst: number): void {
    this.rate = rate;
    this.burst = burst;
    this.tokens = burst;
    this.at = this.clock.now();
  }
}
