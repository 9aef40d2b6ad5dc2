// How much of an account's offline store strangers may fill: a part is kept for contacts, and no stranger has it alone.
import type { Jid } from "../../../xmpp/jid/jid.ts";

/** Accounts and senders remembered; beyond it the oldest begin anew. */
const LIMIT = 20_000;

/**
 * Counts, for accounts that are away, what was kept of each stranger's domain. The counts are this node's own and end
 * when the account is back: they keep one domain from filling what other strangers need. What is kept for contacts is
 * exact, since it is a limit on the store itself.
 */
export class Shares {
  private readonly ofStrangers: number;
  private readonly ofOneDomain: number;
  private readonly host: string;
  private readonly counts = new Map<string, Map<string, number>>();

  /** `host` is our own domain: its accounts are strangers each for itself. `most` is what an account keeps. */
  constructor(host: string, most: number) {
    this.host = host;
    this.ofStrangers = Math.ceil((most * 3) / 4);
    this.ofOneDomain = Math.ceil(most / 2);
  }

  /** Messages that the account may hold for a stranger's to be kept; 0 where his domain has had its share. */
  most(local: string, sender: Jid): number {
    const kept = this.counts.get(local)?.get(this.groupOf(sender)) ?? 0;
    return kept < this.ofOneDomain ? this.ofStrangers : 0;
  }

  /** A stranger's message was kept. */
  kept(local: string, sender: Jid): void {
    const counts = this.counts.get(local) ?? new Map<string, number>();
    this.counts.delete(local);
    this.counts.set(local, counts);
    const group = this.groupOf(sender);
    counts.set(group, (counts.get(group) ?? 0) + 1);
    if (this.counts.size > LIMIT) this.counts.delete(this.counts.keys().next().value as string);
  }

  /** The account has taken what was kept. */
  taken(local: string): void {
    this.counts.delete(local);
  }

  private groupOf({ domain, bare }: Jid): string {
    return domain === this.host ? bare : domain;
  }
}
