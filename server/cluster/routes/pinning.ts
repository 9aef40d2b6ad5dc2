// Which node of a cluster speaks for a domain pair: rendezvous hashing over those that live and stay.
import { createHash } from "node:crypto";

/** Pairs remembered. */
const LIMIT = 10_000;

/** Chooses one member for each domain pair, the same at every node that knows the same members. */
export class Pinning {
  private members: readonly string[];
  private readonly chosen = new Map<string, string>();

  /** At least one member. */
  constructor(members: readonly string[]) {
    this.members = members;
  }

  /** Others are there: each pair of a member that stays keeps it, but for the share of those that came. */
  change(members: readonly string[]): void {
    this.members = members;
    this.chosen.clear();
  }

  /** The member of a pair, `local remote`. */
  of(pair: string): string {
    let member = this.chosen.get(pair);
    if (member !== undefined) return member;
    member = this.highest(pair);
    if (this.chosen.size >= LIMIT) this.chosen.clear();
    this.chosen.set(pair, member);
    return member;
  }

  private highest(pair: string): string {
    let best = this.members[0] as string;
    let most = -1;
    for (const member of this.members) {
      const weight = createHash("sha256").update(`${member} ${pair}`).digest().readUIntBE(0, 6);
      if (weight > most || (weight === most && member > best)) [best, most] = [member, weight];
    }
    return best;
  }
}
