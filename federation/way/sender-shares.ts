// What each sender has of something that all senders share: one account, or one domain, never has all of it.
import type { Jid } from "../../xmpp/jid/jid.ts";

/** Part of the whole that one account may have, and one domain of ours: a component has many addresses. */
const ACCOUNT_PART = 1 / 8;
const DOMAIN_PART = 3 / 4;

/** Who has how much. An entry lasts as long as somebody has something. */
export class SenderShares {
  private readonly taken = new Map<string, number>();

  /** True where the sender may have so much more of `whole`. */
  allows({ bare, domain }: Jid, amount: number, whole: number): boolean {
    return this.of(bare) + amount <= whole * ACCOUNT_PART && this.of(`@${domain}`) + amount <= whole * DOMAIN_PART;
  }

  /** The sender has so much more. */
  take({ bare, domain }: Jid, amount: number): void {
    this.add(bare, amount);
    // No address begins like that.
    this.add(`@${domain}`, amount);
  }

  /** The sender has so much less. */
  give(jid: Jid, amount: number): void {
    this.take(jid, -amount);
  }

  private of(key: string): number {
    return this.taken.get(key) ?? 0;
  }

  private add(key: string, amount: number): void {
    const now = this.of(key) + amount;
    if (now > 0) this.taken.set(key, now);
    else this.taken.delete(key);
  }
}
