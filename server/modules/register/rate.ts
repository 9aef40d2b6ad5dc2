// How many accounts one address may make within an hour, in bounded memory. XEP-0077 §5.

import type { Clock } from "../../../xmpp/clock.ts";
import { networkOf } from "../../networks.ts";
import type { SharedCounts } from "../../service/keys.ts";

const HOUR = 3_600_000;
/** Addresses remembered. */
const LIMIT = 10_000;

/** Registrations by address. */
export class RegistrationRate {
  private readonly clock: Clock;
  private readonly limit: number;
  private readonly counts: SharedCounts;
  private readonly byNetwork = new Map<string, number[]>();

  constructor(clock: Clock, perHour: number, counts: SharedCounts) {
    this.clock = clock;
    this.limit = perHour;
    this.counts = counts;
  }

  /** True where the address has one left, as far as this node knows. */
  mayRegister(address: string): boolean {
    return this.recent(address).length < this.limit;
  }

  /**
   * Counts one, here before anything waits, so that streams beside each other cannot pass the rate together; false where
   * the nodes together have counted too many.
   */
  async count(address: string): Promise<boolean> {
    this.countHere(address);
    const all = await this.counts.add("registration", networkOf(address), HOUR);
    return all === undefined || all <= this.limit;
  }

  private countHere(address: string): void {
    if (this.byNetwork.size >= LIMIT) this.byNetwork.delete(this.byNetwork.keys().next().value as string);
    this.byNetwork.set(networkOf(address), [...this.recent(address), this.clock.now()]);
  }

  private recent(address: string): number[] {
    const since = this.clock.now() - HOUR;
    return (this.byNetwork.get(networkOf(address)) ?? []).filter((at) => at > since);
  }
}
