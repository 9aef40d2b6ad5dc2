// How often the large entries of an account's sessions may be told: each change is written and goes to every node.
import type { Clock } from "../../../xmpp/clock.ts";
import { TokenBucket } from "../../../xmpp/token-bucket.ts";

/** Characters of an entry that is told whenever it changes, as nearly all are. */
const SMALL = 4_096;
/** Characters a second of larger ones, and at once, of one account. */
const RATE = 65_536;
const BURST = 524_288;
/** Accounts after which those that owe nothing are forgotten. */
const MANY = 1_000;

/**
 * A change of sixty characters may cause an entry of tens of thousands. Whoever makes many such changes waits until he is
 * told of at other nodes; nobody else does.
 */
export class EntryPace {
  private readonly clock: Clock;
  private readonly accounts = new Map<string, TokenBucket>();
  private forgetAt = MANY;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** True where an entry of the account (a bare JID) may be told now. */
  allows(account: string): boolean {
    const bucket = this.accounts.get(account);
    return bucket === undefined || bucket.take(0) === 0;
  }

  /** An entry of so many characters was told. */
  told(account: string, characters: number): void {
    if (characters <= SMALL) return;
    let bucket = this.accounts.get(account);
    if (bucket === undefined) {
      if (this.accounts.size >= this.forgetAt) this.forget();
      bucket = new TokenBucket(this.clock, RATE, BURST);
      this.accounts.set(account, bucket);
    }
    bucket.take(characters);
  }

  private forget(): void {
    const now = this.clock.now();
    for (const [account, bucket] of this.accounts) if (bucket.full(now)) this.accounts.delete(account);
    this.forgetAt = Math.max(MANY, 2 * this.accounts.size);
  }
}
