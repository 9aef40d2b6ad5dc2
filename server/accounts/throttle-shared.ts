// The throttle of a node in a cluster: failures and bans of every node, and its own alone while nobody answers.
import type { SharedCounts } from "../cluster/shared/limits.ts";
import { networkOf } from "../networks.ts";
import type { LoginThrottle, Throttle } from "./throttle.ts";

/**
 * Counts in the node's own throttle and in the shared counts, of which the own throttle learns: what it knows stays
 * true while Redis is away or empty. An address that guesses at one node is known at another from its first attempt
 * there on; a right password is answered only once all nodes' failures were looked at.
 */
export class SharedThrottle implements LoginThrottle {
  private readonly own: Throttle;
  private readonly counts: SharedCounts;
  /** Of log-ins between the look and their success, those that leave nothing to be told. */
  private readonly clean = new Set<string>();

  constructor(own: Throttle, counts: SharedCounts) {
    this.own = own;
    this.counts = counts;
  }

  /** Without an account only what is known here is asked: it saves the work of a password, and decides nothing. */
  banned(account: string | undefined, address: string): boolean | Promise<boolean> {
    if (account === undefined) return this.own.banned(undefined, address);
    return this.learn(account, address).then((clean) => {
      const banned = this.own.banned(account, address);
      if (clean && !banned) this.clean.add(pair(account, address));
      return banned;
    });
  }

  async failed(account: string | undefined, address: string): Promise<number> {
    const { counts, own } = this;
    const wait = own.failed(account, address);
    const [byAddress = 0, byAccount = 0] = await Promise.all([
      counts.add("login-address", networkOf(address), own.period),
      account === undefined ? 0 : counts.add("login-account", account, own.period),
    ]);
    return Math.max(wait, own.raise(account, byAccount, address, byAddress));
  }

  refused(): number {
    return this.own.refused();
  }

  succeeded(account: string, address: string): void {
    this.own.succeeded(account, address);
    if (this.clean.delete(pair(account, address))) return;
    this.counts.forget("login-account", account);
    this.counts.mark("login-trust", pair(account, address), this.own.trustPeriod);
  }

  /** Answers whether the account has no failures and is known to use the address, at all nodes. */
  private async learn(account: string, address: string): Promise<boolean> {
    const { counts, own } = this;
    const [byAddress = 0, byAccount = 0, trusted = 0] = await Promise.all([
      counts.look("login-address", networkOf(address)),
      counts.look("login-account", account),
      counts.look("login-trust", pair(account, address)),
    ]);
    own.raise(account, byAccount, address, byAddress);
    if (trusted > 0) own.trust(account, address);
    return trusted > 0 && byAccount === 0;
  }
}

/** The throttle of a node: alone where nothing is shared. */
export function loginThrottle(own: Throttle, counts: SharedCounts): LoginThrottle {
  return counts.shared ? new SharedThrottle(own, counts) : own;
}

function pair(account: string, address: string): string {
  return `${account} ${networkOf(address)}`;
}
