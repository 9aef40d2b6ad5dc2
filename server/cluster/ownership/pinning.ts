// Which member of a region a key belongs to: rendezvous hashing over those that live and stay.
import { createHash } from "node:crypto";

/** Keys remembered. */
const LIMIT = 10_000;

/** Chooses one member for each key (a domain pair, a room), the same at every node that knows the same members. */
export class Pinning {
  private members: readonly string[];
  private readonly chosen = new Map<string, string>();

  /** At least one member. */
  constructor(members: readonly string[]) {
    this.members = members;
  }

  /** Others are there: each key of a member that stays keeps it, but for the share of those that came. */
  change(members: readonly string[]): void {
    this.members = members;
    this.chosen.clear();
  }

  /** The member of a key. */
  of(key: string): string {
    let member = this.chosen.get(key);
    if (member !== undefined) return member;
    member = this.highest(key);
    if (this.chosen.size >= LIMIT) this.chosen.clear();
    this.chosen.set(key, member);
    return member;
  }

  private highest(key: string): string {
    let best = this.members[0] as string;
    let most = -1;
    for (const member of this.members) {
      const weight = createHash("sha256").update(`${member} ${key}`).digest().readUIntBE(0, 6);
      if (weight > most || (weight === most && member > best)) [best, most] = [member, weight];
    }
    return best;
  }
}
