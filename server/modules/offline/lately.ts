// Accounts for which something was kept a moment ago, when another node may have had a session of theirs already.
import type { Clock } from "../../clock.ts";

/** ms after which every node knows of a session; generous, since Redis may be away for a while. */
const MOMENT = 60_000;
/** Accounts remembered. */
const LIMIT = 20_000;

/** Remembers for a moment. */
export class Lately {
  private readonly clock: Clock;
  private readonly times = new Map<string, number>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Something was kept for the account. */
  note(local: string): void {
    this.times.delete(local);
    this.times.set(local, this.clock.now());
    const oldest = this.times.keys().next().value as string;
    if (this.times.size > LIMIT) this.times.delete(oldest);
  }

  /** True once for an account for which something was kept. */
  take(local: string): boolean {
    const at = this.times.get(local);
    if (at === undefined) return false;
    this.times.delete(local);
    return this.clock.now() - at < MOMENT;
  }
}
