// Who owns what, in memory: what all members of a test reach, as they reach Redis.
import type { Claim, Terms } from "../../server/cluster/ownership/terms.ts";
import { turns } from "./manual-clock.ts";

/** Terms that all members share; an answer takes a turn. */
export class SharedTerms implements Terms {
  private readonly claims = new Map<string, Claim>();
  private last = 0;
  /** Nobody answers. */
  away = false;

  async claim(key: string, member: string, over: number | undefined): Promise<Claim> {
    await turns(1);
    if (this.away) throw new Error("Connection is closed");
    const known = this.claims.get(key);
    if (known !== undefined && known.epoch !== over) return { ...known, taken: false };
    const claim = { member, epoch: ++this.last, taken: true };
    this.claims.set(key, claim);
    return claim;
  }

  async release(key: string, epoch: number): Promise<void> {
    await turns(1);
    if (this.claims.get(key)?.epoch === epoch) this.claims.delete(key);
  }
}
