// Which domain pairs an incoming stream may carry stanzas for, and how each was proven. XEP-0220 §2.6.2.

import type { ProvenPairs } from "../carrying/gate.ts";
import type { Policy } from "../way/policy.ts";

/** How a pair was proven. */
export type Proof = "external" | "dialback" | "certificate";

/** A pair that was proven. */
export interface ProvenPair {
  readonly remote: string;
  readonly local: string;
  readonly method: Proof;
}

/** Authenticated pairs of one stream: a remote domain, and the domain of ours it was proven to. */
export class AuthorisedDomains implements ProvenPairs {
  private readonly pairs = new Map<string, ProvenPair>();

  /** Adds a pair; false where the stream has `limit` already. */
  add(remote: string, local: string, method: Proof, limit: number): boolean {
    const pair = `${remote} ${local}`;
    if (this.pairs.size >= limit && !this.pairs.has(pair)) return false;
    this.pairs.set(pair, { remote, local, method });
    return true;
  }

  has(remote: string, local: string): boolean {
    return this.pairs.has(`${remote} ${local}`);
  }

  localOf(remote: string): string | undefined {
    for (const pair of this.pairs.values()) if (pair.remote === remote) return pair.local;
    return undefined;
  }

  get any(): boolean {
    return this.pairs.size > 0;
  }

  get size(): number {
    return this.pairs.size;
  }

  /** Remote domains. */
  remotes(): string[] {
    return [...new Set([...this.pairs.values()].map(({ remote }) => remote))];
  }

  /** Each pair: remote, local. */
  *list(): Iterable<readonly [string, string]> {
    for (const { remote, local } of this.pairs.values()) yield [remote, local];
  }

  /** Each pair with its proof. */
  proofs(): Iterable<ProvenPair> {
    return this.pairs.values();
  }
}

/** Whether a policy is content with how a domain was proven. */
export function suffices(policy: Policy, method: Proof, encrypted: boolean): boolean {
  if (policy.refuse || (policy.requireEncryption && !encrypted)) return false;
  return method !== "dialback" || policy.allowDialback;
}
