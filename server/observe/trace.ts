// Wire traces: for accounts an operator names, and for as long as he says, stanzas go to the log. Never SASL.
import type { Clock } from "../clock.ts";

/** Accounts under trace at one time. */
const LIMIT = 100;

/** The accounts whose stanzas are logged. Off for everybody unless switched on. */
export class Trace {
  private readonly clock: Clock;
  private readonly until = new Map<string, number>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Traces an account (bare JID) for `seconds`; 0 ends it. False where too many are traced. */
  set(account: string, seconds: number): boolean {
    this.until.delete(account);
    if (seconds <= 0) return true;
    if (this.until.size >= LIMIT) return false;
    this.until.set(account, this.clock.now() + seconds * 1000);
    return true;
  }

  /** True where nobody is traced: the one check the hot path makes. */
  get idle(): boolean {
    return this.until.size === 0;
  }

  /** True where the account is traced now. */
  has(account: string): boolean {
    const until = this.until.get(account);
    if (until === undefined) return false;
    if (until > this.clock.now()) return true;
    this.until.delete(account);
    return false;
  }
}
