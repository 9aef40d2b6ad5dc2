// Slows down and then bans those who guess passwords: per account and per address.
import { type Clock, systemClock } from "../../xmpp/clock.ts";
import { networkOf } from "../networks.ts";

/**
 * What a stream asks about log-ins. A node's own memory answers at once; one that many nodes share (Redis) may take a
 * promise. `account` is a bare JID, whether or not there is such an account.
 */
export interface LoginThrottle {
  /** True where neither a right nor a wrong password is to be accepted now. Ask after the password was checked. */
  banned(account: string | undefined, address: string): boolean | Promise<boolean>;
  /** Counts a failure. Answers how long its answer is to be held back, in ms. */
  failed(account: string | undefined, address: string): number | Promise<number>;
  /**
   * How long the answer to a right password that is refused is held back, in ms: as long as one to a wrong password,
   * but it is not counted, so that an owner's own attempts do not make the ban last. Ask where `banned` said so.
   */
  refused(): number;
  /** Forgets the account's failures, and remembers that its owner uses this address. */
  succeeded(account: string, address: string): void | Promise<void>;
}

/** Settings of `Throttle`. */
export interface ThrottleOptions {
  readonly clock?: Clock;
  readonly failuresBeforeBan?: number;
  /** Time over which failures are counted, and that a ban lasts. */
  readonly banSeconds?: number;
  /** Accounts, addresses and pairs remembered, each; about 200 bytes for one. */
  readonly limit?: number;
}

/** Failures without delay, the first delay, and the longest: 0.5 s, 1 s, 2 s, 4 s, 5 s … */
const FREE_FAILURES = 2;
const FIRST_DELAY = 500;
const LONGEST_DELAY = 5000;

interface Count {
  failures: number;
  /** ms since the epoch, when all of it is forgotten. */
  until: number;
}

/** The throttle of one node, in bounded memory. */
export class Throttle implements LoginThrottle {
  private readonly clock: Clock;
  private readonly most: number;
  /** ms over which failures are counted, and that a ban lasts. */
  readonly period: number;
  private readonly accounts: Tally;
  private readonly addresses: Tally;
  /** Pairs of account and address that logged in lately. */
  private readonly trusted: Tally;

  constructor(options: ThrottleOptions = {}) {
    const limit = options.limit ?? 50_000;
    this.clock = options.clock ?? systemClock;
    this.most = options.failuresBeforeBan ?? 20;
    this.period = (options.banSeconds ?? 3600) * 1000;
    this.accounts = new Tally(limit, this.most);
    this.addresses = new Tally(limit, this.most);
    this.trusted = new Tally(limit, 1);
  }

  /**
   * An address is banned for its own failures. An account is banned for everybody but the addresses from which it
   * logged in lately: else anybody could lock it out.
   */
  banned(account: string | undefined, address: string): boolean {
    const now = this.clock.now();
    const network = networkOf(address);
    if (this.addresses.failures(network, now) >= this.most) return true;
    if (account === undefined || this.accounts.failures(account, now) < this.most) return false;
    return this.trusted.failures(pair(account, network), now) === 0;
  }

  failed(account: string | undefined, address: string): number {
    const until = this.clock.now() + this.period;
    const byAddress = this.addresses.add(networkOf(address), this.clock.now(), until);
    const byAccount = account === undefined ? 0 : this.accounts.add(account, this.clock.now(), until);
    return this.delayAfter(Math.max(byAddress, byAccount));
  }

  refused(): number {
    return LONGEST_DELAY;
  }

  /** ms for which an account's address is remembered. */
  get trustPeriod(): number {
    return 24 * this.period;
  }

  succeeded(account: string, address: string): void {
    this.accounts.forget(account);
    this.trust(account, address);
  }

  /** Remembers that the account's owner uses this address. */
  trust(account: string, address: string): void {
    this.trusted.add(pair(account, networkOf(address)), this.clock.now(), this.clock.now() + this.trustPeriod);
  }

  /** There were at least so many failures, as others know. Answers how long a failure is to be held back, in ms. */
  raise(account: string | undefined, byAccount: number, address: string, byAddress: number): number {
    const now = this.clock.now();
    this.addresses.raise(networkOf(address), byAddress, now, now + this.period);
    if (account !== undefined) this.accounts.raise(account, byAccount, now, now + this.period);
    return this.delayAfter(Math.max(byAddress, byAccount));
  }

  /** Within a ban each answer is held back alike: how long tells nothing of the password. */
  private delayAfter(failures: number): number {
    return failures > this.most ? LONGEST_DELAY : delayAfter(failures);
  }

  /** Entries kept: at most six times the limit. */
  get size(): number {
    return this.accounts.size + this.addresses.size + this.trusted.size;
  }
}

/** Counts by key, bounded: what is oldest goes first, and what reached `keep` goes last. */
class Tally {
  private readonly counts = new Map<string, Count>();
  private readonly full = new Map<string, Count>();
  private readonly limit: number;
  private readonly keep: number;

  constructor(limit: number, keep: number) {
    this.limit = limit;
    this.keep = keep;
  }

  get size(): number {
    return this.counts.size + this.full.size;
  }

  failures(key: string, now: number): number {
    const count = this.full.get(key) ?? this.counts.get(key);
    return count === undefined || count.until <= now ? 0 : count.failures;
  }

  add(key: string, now: number, until: number): number {
    return this.set(key, this.failures(key, now) + 1, until);
  }

  /** Has at least so many. */
  raise(key: string, failures: number, now: number, until: number): void {
    if (failures > this.failures(key, now)) this.set(key, failures, until);
  }

  private set(key: string, failures: number, until: number): number {
    this.forget(key);
    const map = failures >= this.keep ? this.full : this.counts;
    map.set(key, { failures, until });
    if (map.size > this.limit) for (const oldest of map.keys()) if (map.delete(oldest)) break;
    return failures;
  }

  forget(key: string): void {
    this.counts.delete(key);
    this.full.delete(key);
  }
}

function delayAfter(failures: number): number {
  const excess = failures - FREE_FAILURES;
  return excess <= 0 ? 0 : Math.min(FIRST_DELAY * 2 ** Math.min(excess - 1, 20), LONGEST_DELAY);
}

function pair(account: string, network: string): string {
  return `${account} ${network}`;
}
