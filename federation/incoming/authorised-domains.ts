// Which domain pairs an incoming stream may carry stanzas for, and how each was proven. XEP-0220 §2.6.2.

import type { ProvenPairs } from "../carrying/gate.ts";
import type { Policy } from "../way/policy.ts";
import type { Way } from "../way/way.ts";

/** How a pair was proven. */
export type Proof = "external" | "dialback" | "certificate";

/** A way that the peer is proven on. */
export interface ProvenWay {
  readonly way: Way;
  readonly method: Proof;
}

/** Authenticated pairs of one stream: a remote domain, and the domain of ours it was proven to. */
export class AuthorisedDomains implements ProvenPairs {
  private readonly pairs = new Map<string, ProvenWay>();

  /** Adds a pair; false where the stream has `limit` already. */
  add(proven: ProvenWay, limit: number): boolean {
    const pair = `${proven.way.remote} ${proven.way.local}`;
    if (this.pairs.size >= limit && !this.pairs.has(pair)) return false;
    this.pairs.set(pair, proven);
    return true;
  }

  has(remote: string, local: string): boolean {
    return this.pairs.has(`${remote} ${local}`);
  }

  localOf(remote: string): string | undefined {
    for (const { way } of this.pairs.values()) if (way.remote === remote) return way.local;
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
    return [...new Set([...this.pairs.values()].map(({ way }) => way.remote))];
  }

  /** The way that was proven first; undefined for none. */
  get first(): Way | undefined {
    for (const { way } of this.pairs.values()) return way;
    return undefined;
  }

  /** Each way. */
  *ways(): Iterable<Way> {
    for (const { way } of this.pairs.values()) yield way;
  }

  /** Each way with its proof. */
  proofs(): Iterable<ProvenWay> {
    return this.pairs.values();
  }
}

/** Whether a policy is content with how a domain was proven. */
export function suffices(policy: Policy, method: Proof, encrypted: boolean): boolean {
  if (policy.refuse || (policy.requireEncryption && !encrypted)) return false;
  return method !== "dialback" || policy.allowDialback;
}
