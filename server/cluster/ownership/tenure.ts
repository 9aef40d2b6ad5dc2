// The time for which a lock is one's own: prolonged step by step, and told of when it is over.
import type { Clock, Timer } from "../../../xmpp/clock.ts";
import { ExclusiveUnavailable, type Section } from "../../ports/exclusive.ts";
import type { Lease } from "./locks.ts";

/**
 * Part of a lease after which it is prolonged, and part that is relied on. What is left then is for what a store was told
 * to write a moment before, which takes half a lease at most, and for a process that stands still.
 */
const PROLONG_AT = 0.2;
const RELIED_ON = 0.4;
/** ms that work whose time is over keeps the lock, as long as that can be prolonged. */
const GRACE = 10_000;

/** What a tenure is made of; times in ms. */
export interface TenureParts {
  readonly lease: Lease;
  readonly leaseMs: number;
  readonly clock: Clock;
  /** A clock that nobody sets. */
  readonly elapsed: () => number;
  /** When the lease was asked for, by `elapsed`. */
  readonly from: number;
  /** It is not relied on beyond that; infinite where it has no end while it can be prolonged. */
  readonly longest: number;
}

/** One's time with a lock. */
export class Tenure implements Section {
  /** Rejects when it is over. */
  readonly over: Promise<never>;
  /** Resolves when work that does not end has had the lock for long enough. */
  readonly left: Promise<void>;
  private readonly parts: TenureParts;
  private readonly aborting = new AbortController();
  private readonly lastTimer: Timer | undefined;
  private until = 0;
  private ended = false;
  private ending: Timer | undefined;
  private prolonging: Timer | undefined;
  private reject: (error: Error) => void = () => {};

  constructor(parts: TenureParts) {
    this.parts = parts;
    this.over = new Promise((_resolve, reject) => {
      this.reject = reject;
    });
    // Nobody may be waiting for it by then.
    this.over.catch(() => {});
    const { promise, resolve } = Promise.withResolvers<void>();
    this.left = promise;
    if (Number.isFinite(parts.longest)) this.lastTimer = parts.clock.setTimeout(resolve, parts.longest + GRACE);
    this.holdsFrom(parts.from);
  }

  get signal(): AbortSignal {
    return this.aborting.signal;
  }

  check(): void {
    // A process that stood still finds its timers behind what it goes on with.
    if (this.parts.elapsed() >= this.until) this.expire();
    if (this.signal.aborted) throw tooLate();
  }

  /** Nothing goes on any more: the lock is another's to have. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.expire();
    const { clock, lease } = this.parts;
    for (const timer of [this.ending, this.prolonging, this.lastTimer]) clock.clearTimeout(timer);
    lease.release();
  }

  /** Whatever still goes on is told; the lock is kept until it has ended. */
  private expire(): void {
    if (this.signal.aborted) return;
    this.aborting.abort();
    this.reject(tooLate());
  }

  /** The lease holds, as of a time at which it was asked for. */
  private holdsFrom(asked: number): void {
    const { clock, elapsed, leaseMs, from, longest } = this.parts;
    this.until = Math.min(asked + leaseMs * RELIED_ON, from + longest);
    clock.clearTimeout(this.ending);
    if (!this.signal.aborted) this.ending = clock.setTimeout(() => this.expire(), this.until - elapsed());
    this.prolonging = clock.setTimeout(() => void this.prolong(), leaseMs * PROLONG_AT);
  }

  private async prolong(): Promise<void> {
    const asked = this.parts.elapsed();
    // Where nobody answers it holds until it runs out.
    const holds = await this.parts.lease.prolong().catch(() => undefined);
    if (this.ended) return;
    if (holds === true) this.holdsFrom(asked);
    else if (holds === false) this.expire();
    else this.prolonging = this.parts.clock.setTimeout(() => void this.prolong(), this.parts.leaseMs * PROLONG_AT);
  }
}

function tooLate(): ExclusiveUnavailable {
  return new ExclusiveUnavailable("its time was over before it was done", true);
}
