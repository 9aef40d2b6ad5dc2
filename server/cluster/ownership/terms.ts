// Who owns a key, and since which epoch: said once for the whole region, changed only by who knows what it was.
import type { RedisConnection } from "../redis/connection.ts";

/** Who owns a key. */
export interface Claim {
  readonly member: string;
  readonly epoch: number;
  /** True where that came about by this claim. */
  readonly taken: boolean;
}

/** What is said of owners. */
export interface Terms {
  /**
   * Makes `member` the owner in place of the one of epoch `over` (undefined: of nobody), with a higher epoch. Answers who is
   * the owner then: another one, where what was there is not that. @throws where nobody answers
   */
  claim(key: string, member: string, over: number | undefined): Promise<Claim>;
  /** The key is nobody's, where it still is that epoch's. @throws where nobody answers */
  release(key: string, epoch: number): Promise<void>;
}

/**
 * Epochs are ms since the epoch where that is more than one above the last: a Redis that comes back empty, or has let go of
 * a key that nobody owned, gives none that was given before.
 */
const CLAIM = `
local was = redis.call('HMGET', KEYS[1], 'member', 'epoch')
if (was[2] or '') ~= ARGV[2] then return {was[1], was[2], 0} end
local time = redis.call('TIME')
local epoch = time[1] * 1000 + math.floor(time[2] / 1000)
if was[2] and tonumber(was[2]) >= epoch then epoch = tonumber(was[2]) + 1 end
local text = string.format('%.0f', epoch)
redis.call('HSET', KEYS[1], 'member', ARGV[1], 'epoch', text)
return {ARGV[1], text, 1}`;

const RELEASE = `
if redis.call('HGET', KEYS[1], 'epoch') == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;

/** Terms in Redis. */
export class RedisTerms implements Terms {
  private readonly redis: RedisConnection;
  private readonly prefix: string;

  constructor(redis: RedisConnection, prefix: string) {
    this.redis = redis;
    this.prefix = prefix;
  }

  async claim(key: string, member: string, over: number | undefined): Promise<Claim> {
    const answer = await this.redis.eval(CLAIM, 1, this.name(key), member, String(over ?? ""));
    const [owner, epoch, taken] = answer as [string | null, string | null, number];
    // Somebody has let go of it meanwhile.
    if (owner === null || epoch === null) return this.claim(key, member, undefined);
    return { member: owner, epoch: Number(epoch), taken: taken === 1 };
  }

  async release(key: string, epoch: number): Promise<void> {
    await this.redis.eval(RELEASE, 1, this.name(key), String(epoch));
  }

  private name(key: string): string {
    return `${this.prefix}:owner:{${key}}`;
  }
}

/** Terms of a node that is alone: its epochs are higher than those of its earlier starts. */
export class OwnTerms implements Terms {
  private last = 0;
  private readonly now: () => number;

  /** `now`: ms since the epoch. */
  constructor(now: () => number) {
    this.now = now;
  }

  async claim(_key: string, member: string): Promise<Claim> {
    this.last = Math.max(this.last + 1, this.now());
    return { member, epoch: this.last, taken: true };
  }

  async release(): Promise<void> {}
}
