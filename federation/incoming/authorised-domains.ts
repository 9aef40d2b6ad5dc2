// Which domain pairs an incoming stream may carry stanzas for. XEP-0220 §2.6.2.

/** Authenticated pairs of one stream: a remote domain, and the domain of ours it was proven to. */
export class AuthorisedDomains {
  private readonly pairs = new Set<string>();
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Adds a pair; false where the stream has all it may have. */
  add(remote: string, local: string): boolean {
    const pair = `${remote} ${local}`;
    if (this.pairs.size >= this.limit && !this.pairs.has(pair)) return false;
    this.pairs.add(pair);
    return true;
  }

  has(remote: string, local: string): boolean {
    return this.pairs.has(`${remote} ${local}`);
  }

  get size(): number {
    return this.pairs.size;
  }

  /** Remote domains. */
  remotes(): string[] {
    return [...new Set([...this.pairs].map((pair) => pair.split(" ", 1)[0] as string))];
  }
}
