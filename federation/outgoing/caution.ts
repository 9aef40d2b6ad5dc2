// After streams that ended on what they carried: few stanzas at a time, so that the one at fault is found and none beside it.
import type { Carrier } from "../carrying/carrier.ts";
import type { Sender } from "../carrying/sender.ts";

/** Stanzas under way at which there is no need for caution any more. */
const ENOUGH = 64;

/** How many stanzas of a pair may be under way: one at first, then twice as many each time all were acknowledged. */
export class Caution {
  private window: number | undefined;
  private used = false;

  /** Begins, or begins anew: a stream ended, and it may have been for what was on it. */
  begin(): void {
    this.window = 1;
    this.used = false;
  }

  /** True where one more may be sent; else `sender` is told as soon as the peer has acknowledged what is under way. */
  allows(carrier: Carrier, sender: Sender): boolean {
    if (this.window === undefined) return true;
    const { length } = carrier.ledger;
    if (length === 0 && this.used) this.window *= 2;
    if (this.window >= ENOUGH) {
      this.window = undefined;
      return true;
    }
    this.used = length > 0;
    if (length >= this.window) {
      carrier.tell(sender);
      return false;
    }
    this.used = true;
    return true;
  }
}
