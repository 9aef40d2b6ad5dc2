// Rosters, as what keeps them promises. RFC 6121 §2.

/** Subscription states of a roster item. RFC 6121 §2.1.2.5. */
export type Subscription = "none" | "to" | "from" | "both";

/** A roster item with the server's own state beside it. RFC 6121 §2.1, appendix A. */
export interface RosterItem {
  /** Bare JID, prepared. */
  readonly jid: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly subscription: Subscription;
  /** Subscription request sent and not answered ("pending out"). */
  readonly ask: boolean;
  /** Pre-approved. RFC 6121 §3.4. */
  readonly approved: boolean;
  /** The unanswered inbound request as stanza text ("pending in"), kept until answered; undefined for none. */
  readonly pendingIn: string | undefined;
  /**
   * False where the item only holds state that clients must not see (pending in or approved without the user's own
   * doing). RFC 6121 §3.1.3.
   */
  readonly listed: boolean;
}

/** Whose roster it is. */
export interface RosterOwner {
  readonly domain: string;
  readonly local: string;
}

/** Before every other. */
export const FIRST: RosterOwner = { domain: "", local: "" };

/** An item and whose roster it is in. */
export interface RosterEntry extends RosterOwner {
  readonly item: RosterItem;
}

/** Rosters, versioned. RFC 6121 §2. */
export interface RosterStore {
  /** All items and the roster's version, 0 where nothing was ever stored. */
  load(domain: string, local: string): Promise<{ items: RosterItem[]; version: number }>;
  /** Stores one item and returns the roster's new version. */
  put(domain: string, local: string, item: RosterItem): Promise<number>;
  /** Removes one item and returns the roster's new version. */
  remove(domain: string, local: string, jid: string): Promise<number>;
  /**
   * Items about a contact that say more than his name: a subscription either way, one asked for, an approval. Of every
   * domain, in order of domain and local part, after `after`, at most `limit`.
   */
  about(jid: string, after: RosterOwner | undefined, limit: number): Promise<RosterEntry[]>;
}
