// Messages that sessions hold for their clients, as what keeps them promises. XEP-0198.

/** Names a held message: made by the node before the message is stored, never given again. */
export interface HeldKey {
  /** The member of the cluster (one process) that holds it. */
  readonly member: string;
  /** Ascending in the order in which the member made them. */
  readonly id: number;
}

/** A message that a session holds for its client, stored so that it outlives the node. XEP-0198. */
export interface HeldMessage extends HeldKey {
  readonly domain: string;
  readonly local: string;
  /** Stanza text as it was to be delivered. */
  readonly text: string;
  /** When it arrived, ms since the epoch. */
  readonly at: number;
}

/** Messages on their way to clients, by the member of the cluster that holds them. */
export interface HeldStore {
  /** Makes the ids of what is to be stored. */
  readonly ids: { next(): number };
  /** What is to be removed and may still be there, or come yet. */
  readonly unremoved: readonly HeldKey[];
  /**
   * Stores one; adds of one turn are committed together. One that is there already stays as it is, so that whoever was
   * told that it failed tries again with the same key. @throws StoreUnavailable: it may be stored all the same
   */
  add(message: HeldMessage): Promise<void>;
  /**
   * Forgets what its client has acknowledged, also where its `add` was given up and is committed later; unknown keys are
   * no error. Where it rejects, it is tried until done.
   */
  remove(keys: readonly HeldKey[]): Promise<void>;
  get(key: HeldKey): Promise<HeldMessage | undefined>;
  /** Oldest first, ids greater than `after`, at most `limit`; of what is to be removed, nothing. */
  read(member: string, after: number, limit: number): Promise<HeldMessage[]>;
  /** Those for an account, in order of member and id, after `after`, at most `limit`: a walk over all that is held. */
  of(domain: string, local: string, after: HeldKey | undefined, limit: number): Promise<HeldMessage[]>;
  /** Members that have any. */
  members(): Promise<string[]>;
}
