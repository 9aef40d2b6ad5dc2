// Offline messages, as what keeps them promises. XEP-0160.

/** A message kept for an account that had no resource to take it. XEP-0160. */
export interface OfflineMessage {
  /** Position, ascending in order of arrival. */
  readonly id: number;
  /** Stanza text with its delay stamp. */
  readonly text: string;
}

/** A message that is to be kept. */
export interface NewOfflineMessage {
  readonly domain: string;
  readonly local: string;
  /** Stanza text with its delay stamp. */
  readonly text: string;
  /** When it came, in ms since 1970. */
  readonly at: number;
  /** Messages that the account keeps at most. */
  readonly limit: number;
}

/** Offline messages. */
export interface OfflineStore {
  /** Appends; false where the account already keeps `limit` messages. */
  add(message: NewOfflineMessage): Promise<boolean>;
  /** As `add`, after one that was given up and may be stored all the same: where the text is there it stays there once. */
  addAgain(message: NewOfflineMessage): Promise<boolean>;
  /** Oldest first, ids greater than `after`, at most `limit`. */
  read(domain: string, local: string, after: number, limit: number): Promise<OfflineMessage[]>;
  /** Forgets everything up to and including `id`. */
  removeThrough(domain: string, local: string, id: number): Promise<void>;
  count(domain: string, local: string): Promise<number>;
  /** Of these accounts, those that have any; ask for some hundreds at a time. */
  having(domain: string, locals: readonly string[]): Promise<string[]>;
  /** Messages kept for all accounts: for metrics, not for every turn. */
  total(): Promise<number>;
}
