// The time for which a lock is one's own: prolonged step by step, and told of when it is over.
import type { Clock, Timer } from "../../../xmpp/clock.ts";
import { ExclusiveUnavailable, type Section } from "../../ports/exclusive.ts";
import type { Lease } from "./locks.ts";

/** Part of a lease after which it is prolonged, and part that is relied on: a process may stand still. */
const PROLONG_AT = 0.3;
const RELIED_ON = 0.8;

/** What a tenure is made of; times in ms. */
export interface TenureParts {
  readonly lease: Lease;
  readonly leaseMs: number;
  readonly clock: Clock;
  /** A clock that nobody sets. */
  readonly elapsed: () => number;
  /** When the lease was asked for, by `elapsed`. */
  readonly from: number;
  /** It is not prolonged beyond that. */
  readonly longest: number;
}

/** One's time with a lock. */
export class Tenure implements Section {
  /** Rejects when it is over. */
  readonly over: Promise<never>;
  private readonly parts: TenureParts;
  private readonly aborting = new AbortController();
  private until = 0;
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
    this.holdsFrom(parts.from);
  }

  get signal(): AbortSignal {
    return this.aborting.signal;
  }

  check(): void {
    // A process that stood still finds its timers behind what it goes on with.
    if (this.parts.elapsed() >= this.until) this.end();
    if (this.signal.aborted) throw tooLate();
  }

  /** Whatever still goes on is told, and the lock is another's to have. */
  end(): void {
    if (this.signal.aborted) return;
    this.parts.clock.clearTimeout(this.ending);
    this.parts.clock.clearTimeout(this.prolonging);
    this.aborting.abort();
    this.reject(tooLate());
    this.parts.lease.release();
  }

  /** The lease holds, as of a time at which it was asked for. */
  private holdsFrom(asked: number): void {
    const { clock, elapsed, leaseMs, from, longest } = this.parts;
    this.until = Math.min(asked + leaseMs * RELIED_ON, from + longest);
    clock.clearTimeout(this.ending);
    this.ending = clock.setTimeout(() => this.end(), this.until - elapsed());
    this.prolonging = clock.setTimeout(() => void this.prolong(), leaseMs * PROLONG_AT);
  }

  private async prolong(): Promise<void> {
    const asked = this.parts.elapsed();
    // Where nobody answers it holds until it runs out.
    const holds = await this.parts.lease.prolong().catch(() => undefined);
    if (this.signal.aborted) return;
    if (holds === true) this.holdsFrom(asked);
    else if (holds === false) this.end();
    else this.prolonging = this.parts.clock.setTimeout(() => void this.prolong(), this.parts.leaseMs * PROLONG_AT);
  }
}

function tooLate(): ExclusiveUnavailable {
  return new ExclusiveUnavailable("its time was over before it was done", true);
}
