// Which domain pairs an incoming stream may carry stanzas for. XEP-0220 §2.6.2.
import type { ProvenPairs } from "./gate.ts";

/** Authenticated pairs of one stream: a remote domain, and the domain of ours it was proven to. */
export class AuthorisedDomains implements ProvenPairs {
  private readonly pairs = new Set<string>();

  /** Adds a pair; false where the stream has `limit` already. */
  add(remote: string, local: string, limit: number): boolean {
    const pair = `${remote} ${local}`;
    if (this.pairs.size >= limit && !this.pairs.has(pair)) return false;
    this.pairs.add(pair);
    return true;
  }

  has(remote: string, local: string): boolean {
    return this.pairs.has(`${remote} ${local}`);
  }

  get any(): boolean {
    return this.pairs.size > 0;
  }

  get size(): number {
    return this.pairs.size;
  }

  /** Remote domains. */
  remotes(): string[] {
    return [...new Set([...this.pairs].map((pair) => pair.split(" ", 1)[0] as string))];
  }

  /** Each pair: remote, local. */
  *list(): Iterable<readonly [string, string]> {
    for (const pair of this.pairs) {
      const [remote = "", local = ""] = pair.split(" ");
      yield [remote, local];
    }
  }
}
