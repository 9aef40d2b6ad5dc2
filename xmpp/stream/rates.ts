// How fast one stream may be read: in bytes, and in the work that its stanzas cause. Reading stops for as long as it takes.
import type { Clock, Timer } from "../clock.ts";
import { TokenBucket } from "../token-bucket.ts";
import type { Limits } from "./handler.ts";
import { Stint } from "./stint.ts";

/** Seconds of its work that a stream may cause at once. */
const WORK_BURST = 2;
/** ms that one turn counts as at most: a clock that was set forward is no work. */
const LONGEST_TURN = 5_000;

/** The rates of one stream. */
export class Rates {
  private readonly clock: Clock;
  private readonly stop: () => void;
  private readonly goOn: () => void;
  private readonly bytes: TokenBucket;
  private readonly work: TokenBucket;
  private together: TokenBucket | undefined;
  private stint: Stint;
  /** True while the stream has had its part of the turn. */
  private resting = false;
  private timer: Timer | undefined;
  private until = 0;
  private over = false;
  private since: number;

  /** `stop` is called where reading has to stop, `goOn` once it may go on. */
  constructor(clock: Clock, limits: Limits, stop: () => void, goOn: () => void) {
    this.clock = clock;
    this.since = clock.now();
    this.stop = stop;
    this.goOn = goOn;
    this.bytes = new TokenBucket(clock, limits.bytesPerSecond, limits.burstBytes);
    this.work = new TokenBucket(clock, limits.workPerSecond, limits.workPerSecond * WORK_BURST);
    this.together = limits.workTogether;
    this.stint = limits.stint ?? new Stint();
  }

  /** So many bytes were read. */
  read(bytes: number): void {
    this.pause(this.bytes.take(bytes));
  }

  /** A turn begins: its time is the stream's, whatever it is spent on. */
  begin(): void {
    this.since = this.clock.now();
  }

  /** Charges the turn up to now: after each element, since what one read brought may cost seconds, and at its end. */
  worked(): void {
    const now = this.clock.now();
    const spent = Math.min(now - this.since, LONGEST_TURN);
    this.since = now;
    this.charge(spent);
  }

  /** So many ms were spent on what the stream sent, now or after a promise. */
  charge(ms: number): void {
    if (ms <= 0 || this.over) return;
    this.pause(Math.max(this.work.take(ms), this.together?.take(ms) ?? 0));
    if (this.stint.take(ms)) this.rest();
  }

  /** Other bounds from now on. */
  reset(limits: Limits): void {
    this.bytes.reset(limits.bytesPerSecond, limits.burstBytes);
    this.work.reset(limits.workPerSecond, limits.workPerSecond * WORK_BURST);
    this.together = limits.workTogether;
    this.stint = limits.stint ?? this.stint;
  }

  /** Nothing is charged any more. */
  end(): void {
    this.over = true;
    this.clock.clearTimeout(this.timer);
  }

  /** What comes while stopped adds to the debt: only the longest wait pays all of it. */
  private pause(ms: number): void {
    if (ms <= 0) return;
    const until = this.clock.now() + ms;
    this.stop();
    if (this.timer !== undefined && until <= this.until) return;
    this.clock.clearTimeout(this.timer);
    this.until = until;
    this.timer = this.clock.setTimeout(() => {
      this.timer = undefined;
      if (!this.resting) this.goOn();
    }, ms);
  }

  /** Others have a turn, however much of this stream is read already. */
  private rest(): void {
    if (this.resting) return;
    this.resting = true;
    this.stop();
    this.stint.next(() => {
      this.resting = false;
      if (this.timer === undefined) this.goOn();
    });
  }
}
