// Token bucket: how much may pass on average and at once, of whatever is counted (bytes, stanzas, ms of work).
import type { Clock } from "./clock.ts";

/**
 * Allows `rate` a second on average and `burst` at once. What is taken beyond that is owed, and waiting pays for it. The
 * clock is asked only where the bucket is empty, so that taking from one that is not costs a subtraction; for that, what
 * came in while nothing was taken counts once more: after a rest two bursts may pass, and never more.
 */
export class TokenBucket {
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

  /** What passes a second on average. */
  get perSecond(): number {
    return this.rate;
  }

  /** Takes so much, and answers for how many ms to stop; 0 to go on. */
  take(cost: number): number {
    this.tokens -= cost;
    if (this.tokens >= 0) return 0;
    this.refill(this.clock.now());
    return this.tokens >= 0 ? 0 : Math.ceil((-this.tokens / this.rate) * 1000);
  }

  /** Takes so much where it is there; false, and nothing is taken, where it is not. */
  takeIfThere(cost: number): boolean {
    if (this.tokens < cost) this.refill(this.clock.now());
    if (this.tokens < cost) return false;
    this.tokens -= cost;
    return true;
  }

  /** As `take`, for who reads no further until it resolves; undefined to go on at once. */
  taking(cost: number): Promise<void> | undefined {
    const ms = this.take(cost);
    return ms === 0 ? undefined : new Promise((resolve) => this.clock.setTimeout(resolve, ms));
  }

  /** True where nothing is owed and all of the burst may be taken; `now` in ms since the epoch. */
  full(now: number): boolean {
    return this.tokens + this.since(now) * this.rate >= this.burst;
  }

  /** Other bounds from now on; what was taken stays taken. */
  limit(rate: number, burst: number): void {
    this.refill(this.clock.now());
    this.rate = rate;
    this.burst = burst;
    this.tokens = Math.min(this.tokens, burst);
  }

  /** Other bounds from now on, and a full bucket. */
  reset(rate: number, burst: number): void {
    this.limit(rate, burst);
    this.tokens = burst;
  }

  private refill(now: number): void {
    this.tokens = Math.min(this.burst, this.tokens + this.since(now) * this.rate);
    this.at = now;
  }

  /** Seconds since the last look; none where the clock was set back, or that would be owed. */
  private since(now: number): number {
    return Math.max(0, now - this.at) / 1000;
  }
}
