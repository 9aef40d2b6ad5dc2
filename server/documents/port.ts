// Documents of accounts, as what keeps them promises.

/** A document and where it is. */
export interface KeptDocument {
  readonly kind: string;
  readonly key: string;
  readonly text: string;
}

/** A document of an account, as it is to be kept. */
export interface AccountDocument extends KeptDocument {
  readonly domain: string;
  /** The account; empty for what belongs to the domain itself. */
  readonly local: string;
}

/** Small texts of an account by kind and key: private storage (XEP-0049), vCard (XEP-0054), block list (XEP-0191). */
export interface DocumentStore {
  get(domain: string, local: string, kind: string, key: string): Promise<string | undefined>;
  put(document: AccountDocument): Promise<void>;
  /**
   * As `put`, but only where the document still is `before` (undefined: is not there). False where it is another by now:
   * of any number of nodes that replace the same one does.
   */
  replace(document: AccountDocument, before: string | undefined): Promise<boolean>;
  remove(domain: string, local: string, kind: string, key: string): Promise<boolean>;
  /** Removes a document where it still is the one given. False where it is another by now, or is not there. */
  removeAs(document: AccountDocument): Promise<boolean>;
  list(domain: string, local: string, kind: string): Promise<{ key: string; text: string }[]>;
  count(domain: string, local: string, kind: string): Promise<number>;
  /** Documents of every kind, in order of kind and key, after `after`, at most `limit`. */
  every(
    domain: string,
    local: string,
    after: Pick<KeptDocument, "kind" | "key"> | undefined,
    limit: number,
  ): Promise<KeptDocument[]>;
}
