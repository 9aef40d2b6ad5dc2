// Presence for a client that has to acknowledge something first: the last of each sender, since it replaces what was before.
import { sizeOf } from "../../../xmpp/management/sent.ts";
import type { Stanza } from "../../../xmpp/stanza/stanza.ts";

/** Bounds of what waits: stanzas of one session, and characters of all sessions of an account at this node. */
export interface LatestLimits {
  readonly stanzas: number;
  readonly characters: number;
}

/** What waits of those who answer for one another. */
interface Share {
  /** Oldest first, by full JID. */
  readonly bySender: Map<string, Stanza>;
  characters: number;
}

/**
 * The last presence of each sender, oldest first. Beyond the bounds whoever has most of it waiting loses his oldest: an
 * account of the receiver's own domain, or another domain with all its accounts. So nobody who makes up senders takes the
 * places of others.
 */
export class LatestPresence {
  private readonly limits: LatestLimits;
  private readonly bySender = new Map<string, Stanza>();
  private readonly shares = new Map<string, Share>();
  private characters = 0;

  constructor(limits: LatestLimits) {
    this.limits = limits;
  }

  /** The one that waited longest. */
  get first(): Stanza | undefined {
    return this.bySender.size === 0 ? undefined : this.bySender.values().next().value;
  }

  /** How many wait. */
  get count(): number {
    return this.bySender.size;
  }

  /** True where one of the same sender waits, whose place the caller is to `add` it to. */
  has(stanza: Stanza): boolean {
    return this.bySender.size > 0 && this.bySender.has(senderOf(stanza));
  }

  /** Takes one, in place of an older one of its sender. `others`: what waits for other sessions of the account. */
  add(stanza: Stanza, others: readonly LatestPresence[] = []): void {
    const sender = senderOf(stanza);
    this.remove(sender);
    stanza.detach();
    this.bySender.set(sender, stanza);
    const name = shareOf(stanza);
    const share = this.shares.get(name) ?? { bySender: new Map<string, Stanza>(), characters: 0 };
    this.shares.set(name, share);
    share.bySender.set(sender, stanza);
    share.characters += sizeOf(stanza);
    this.characters += sizeOf(stanza);
    while (this.bySender.size > this.limits.stanzas) this.leaveOut();
    const all = [this, ...others];
    let sum = all.reduce((total, { characters }) => total + characters, 0);
    while (sum > this.limits.characters) {
      const most = all.reduce((one, other) => (other.characters > one.characters ? other : one));
      sum -= most.leaveOut();
    }
  }

  /** Takes the first one out. */
  shift(): void {
    const sender = this.bySender.keys().next().value;
    if (sender !== undefined) this.remove(sender);
  }

  /** Takes everything out, in order. */
  drain(): Stanza[] {
    const all = [...this.bySender.values()];
    this.bySender.clear();
    this.shares.clear();
    this.characters = 0;
    return all;
  }

  /** Leaves out the oldest of whoever has most. Answers its characters. */
  private leaveOut(): number {
    let most: Share | undefined;
    for (const share of this.shares.values())
      if (most === undefined || share.characters > most.characters) most = share;
    const sender = most?.bySender.keys().next().value;
    return sender === undefined ? 0 : this.remove(sender);
  }

  private remove(sender: string): number {
    const stanza = this.bySender.get(sender);
    if (stanza === undefined) return 0;
    const size = sizeOf(stanza);
    const name = shareOf(stanza);
    const share = this.shares.get(name);
    this.bySender.delete(sender);
    share?.bySender.delete(sender);
    if (share !== undefined) share.characters -= size;
    if (share?.bySender.size === 0) this.shares.delete(name);
    this.characters -= size;
    return size;
  }
}

function senderOf(stanza: Stanza): string {
  return stanza.from?.full ?? "";
}

/** Whose share it counts for. */
function shareOf({ from, to }: Stanza): string {
  return (from?.domain === to?.domain ? from?.bare : from?.domain) ?? "";
}
