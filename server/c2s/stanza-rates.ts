// How many stanzas a second an account, and an address, may send over all of its streams, and over all nodes; and how much
// of this node's time an account may take over all of its streams here.

import type { Clock, Timer } from "../../xmpp/clock.ts";
import { Stint } from "../../xmpp/stream/stint.ts";
import { TokenBucket } from "../../xmpp/token-bucket.ts";
import type { SharedCounts } from "../cluster/shared/limits.ts";
import { networkOf } from "../networks.ts";

/** Seconds of its rate that may come at once. */
const BURST_SECONDS = 5;
/** Part of its rate from which on a bucket's use is told to other nodes, and the least that is left of it. */
const TOLD_FROM = 0.05;
const LEAST = 0.02;
/** ms of the node's time a second for one account, and at once: a stream has half of it, and more streams no more. */
const WORK_PER_SECOND = 500;
const WORK_AT_ONCE = 1000;
/** ms between two reports. */
const PERIOD = 1000;

/** Bounds, in stanzas a second. */
export interface RateLimits {
  readonly perAccount: number;
  readonly perAddress: number;
}

/** What one stream may send. */
export class StanzaRate {
  private readonly rates: StanzaRates;
  private readonly account: Bucket;
  private readonly address: Bucket;

  constructor(rates: StanzaRates, account: Bucket, address: Bucket) {
    this.rates = rates;
    this.account = account;
    this.address = address;
  }

  /** Takes one stanza; a promise means to read no further until it resolves. */
  take(): Promise<void> | undefined {
    const ms = Math.max(this.account.take(), this.address.take());
    return ms === 0 ? undefined : this.rates.wait(ms);
  }

  /** What all streams of the account here may cost together. */
  get work(): TokenBucket {
    return this.account.work;
  }

  /** What they may take of one turn together. */
  get stint(): Stint {
    return this.account.stint;
  }

  /** The stream is over. */
  leave(): void {
    this.rates.release(this.account);
    this.rates.release(this.address);
  }
}

/**
 * The buckets of a node: one for each account and address that has streams here. A stanza costs two subtractions; once
 * a second those in use are told to the other nodes, in one call, and get their part of what all may send together.
 */
export class StanzaRates {
  private readonly accounts = new Map<string, Bucket>();
  private readonly addresses = new Map<string, Bucket>();
  private readonly clock: Clock;
  private readonly limits: RateLimits;
  private readonly counts: SharedCounts;
  private busy: Bucket[] = [];
  private restricted = new Set<Bucket>();
  private timer: Timer | undefined;
  /** Counts reports: what a bucket took belongs to one of them. */
  period = 0;

  constructor(clock: Clock, limits: RateLimits, counts: SharedCounts) {
    this.clock = clock;
    this.limits = limits;
    this.counts = counts;
  }

  /** Accounts and addresses that have streams. */
  get size(): number {
    return this.accounts.size + this.addresses.size;
  }

  /** A stream of an account (bare JID) from an address. */
  enter(account: string, address: string): StanzaRate {
    const byAccount = this.bucket(this.accounts, account, this.limits.perAccount);
    const byAddress = this.bucket(this.addresses, networkOf(address), this.limits.perAddress);
    return new StanzaRate(this, byAccount, byAddress);
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.setTimeout(resolve, ms));
  }

  /** Its use is enough to be told. */
  told(bucket: Bucket): void {
    if (!this.counts.shared) return;
    this.busy.push(bucket);
    this.timer ??= this.clock.setTimeout(() => void this.report(), PERIOD);
  }

  private async report(): Promise<void> {
    this.timer = undefined;
    const { busy } = this;
    const before = this.restricted;
    this.busy = [];
    this.restricted = new Set();
    const now = this.clock.now();
    const usages = busy.map((bucket) => ({ key: bucket.id, taken: bucket.perSecond(now) }));
    this.period++;
    const sums = await this.counts.usage(usages);
    for (const [i, bucket] of busy.entries()) {
      before.delete(bucket);
      // Without an answer everyone has its own bucket, whole.
      bucket.rate = shareOf(bucket.limit, usages[i]?.taken ?? 0, sums?.[i] ?? 0);
      if (bucket.rate < bucket.limit) this.restricted.add(bucket);
    }
    for (const bucket of before) bucket.rate = bucket.limit;
    // Those that are at rest by then get all of their rate back.
    if (this.restricted.size > 0) this.timer ??= this.clock.setTimeout(() => void this.report(), PERIOD);
  }

  /** A stream less. What owes is kept until it is full again: else a new stream would be a way round it. */
  release(bucket: Bucket): void {
    if (--bucket.users === 0) this.forgetLater(bucket);
  }

  private bucket(map: Map<string, Bucket>, key: string, limit: number): Bucket {
    let bucket = map.get(key);
    if (bucket === undefined) {
      bucket = new Bucket({ rates: this, map, id: key, limit }, this.clock);
      map.set(key, bucket);
    }
    bucket.users++;
    return bucket;
  }

  private forgetLater(bucket: Bucket): void {
    if (bucket.leaving) return;
    bucket.leaving = true;
    this.clock.setTimeout(() => {
      bucket.leaving = false;
      if (bucket.users > 0) return;
      if (bucket.full(this.clock.now())) bucket.map.delete(bucket.id);
      else this.forgetLater(bucket);
    }, BURST_SECONDS * 1000);
  }
}

/** What one node may take of a limit, where it took `mine` of the `all` that every node took. */
export function shareOf(limit: number, mine: number, all: number): number {
  const share = all <= limit ? limit - Math.max(all - mine, 0) : (limit * mine) / all;
  return Math.max(share, limit * LEAST);
}

/** Whose bucket it is. */
interface BucketOf {
  readonly rates: StanzaRates;
  /** Where it is found by `id`. */
  readonly map: Map<string, Bucket>;
  readonly id: string;
  /** Stanzas a second. */
  readonly limit: number;
}

/** What an account, or an address, may send here, and what it did. */
class Bucket {
  readonly map: Map<string, Bucket>;
  readonly id: string;
  readonly limit: number;
  /** Stanzas. */
  private readonly tokens: TokenBucket;
  /** Time that its streams may take of the node. */
  readonly work: TokenBucket;
  readonly stint = new Stint();
  /** Streams that use it. */
  users = 0;
  /** It is looked at whether it can be forgotten. */
  leaving = false;
  private readonly rates: StanzaRates;
  private readonly clock: Clock;
  private readonly toldFrom: number;
  private period = -1;
  /** Stanzas since `since`, in `period`. */
  private taken = 0;
  private since = 0;

  constructor({ rates, map, id, limit }: BucketOf, clock: Clock) {
    this.rates = rates;
    this.map = map;
    this.id = id;
    this.limit = limit;
    this.toldFrom = Math.max(1, Math.floor(limit * TOLD_FROM));
    this.clock = clock;
    this.tokens = new TokenBucket(clock, limit, limit * BURST_SECONDS);
    this.work = new TokenBucket(clock, WORK_PER_SECOND, WORK_AT_ONCE);
  }

  /** Stanzas a second that it may send. */
  get rate(): number {
    return this.tokens.perSecond;
  }

  set rate(rate: number) {
    this.tokens.limit(rate, rate * BURST_SECONDS);
  }

  /** Takes one; answers for how many ms to read no further. */
  take(): number {
    if (this.period !== this.rates.period) this.begin();
    if (++this.taken === this.toldFrom) this.worthTelling();
    return this.tokens.take(1);
  }

  /** Stanzas a second since it was last told. */
  perSecond(now: number): number {
    return Math.round((this.taken * PERIOD) / Math.max(now - this.since, PERIOD));
  }

  full(now: number): boolean {
    return this.tokens.full(now) && this.work.full(now);
  }

  private begin(): void {
    this.period = this.rates.period;
    this.since = this.clock.now();
    this.taken = 0;
  }

  /** So many came; but were they many in their time? */
  private worthTelling(): void {
    if (this.clock.now() - this.since <= PERIOD) return this.rates.told(this);
    this.begin();
    this.taken = 1;
  }
}
