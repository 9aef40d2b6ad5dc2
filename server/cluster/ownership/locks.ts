// Locks of the region: a key in Redis that its holder alone prolongs and lets go of; of a node that is alone, nothing.
import { randomToken } from "../../../xmpp/random.ts";
import type { RedisConnection } from "../redis/connection.ts";

/** A lock that is held. */
export interface Lease {
  /** Holds it for as long again from now on; false where it is another's by now. @throws where nobody answers */
  prolong(): Promise<boolean>;
  /** Lets go of it, unless it is another's by now; nobody waits for that. */
  release(): void;
}

/** Who has a lock. */
export interface Locks {
  /** ms that a lock is held unless it is prolonged: should its holder die, it is free after that. */
  readonly leaseMs: number;
  /** Takes a lock; undefined where another has it. @throws where nobody answers */
  take(key: string): Promise<Lease | undefined>;
}

/** ms after which a lock is free again, should its holder die: twice what a store may take for one statement. */
const HELD_MS = 10_000;

/** Of a lock that another one may have by now: each acts where it still has this token. */
const PROLONG =
  "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) else return 0 end";
const UNLOCK = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end";

/** ms after which a node that waits and has not asked again has lost its place. */
const WAITS = 250;

/**
 * Takes a lock that is free, unless another node has waited for it longer: one with many that wait would keep it to itself,
 * taking it again as it lets go. Those that wait are kept by when they first asked, and by when they last did.
 */
const LOCK = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('exists', KEYS[2]) == 1 then
  for _, gone in ipairs(redis.call('zrangebyscore', KEYS[3], '-inf', now - ARGV[4])) do
    redis.call('zrem', KEYS[2], gone)
    redis.call('zrem', KEYS[3], gone)
  end
end
local first = redis.call('zrange', KEYS[2], 0, 0)[1] or ARGV[3]
if first == ARGV[3] and redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2], 'NX') then
  redis.call('zrem', KEYS[2], ARGV[3])
  redis.call('zrem', KEYS[3], ARGV[3])
  return 1
end
redis.call('zadd', KEYS[2], 'NX', now, ARGV[3])
redis.call('zadd', KEYS[3], now, ARGV[3])
redis.call('pexpire', KEYS[2], ARGV[2])
redis.call('pexpire', KEYS[3], ARGV[2])
return 0`;

/** Locks in Redis. One that a failover loses may be had twice for a moment, which a store's own compare-and-set outlives. */
export class RedisLocks implements Locks {
  readonly leaseMs = HELD_MS;
  private readonly redis: RedisConnection;
  private readonly prefix: string;
  /** This node among those that wait. */
  private readonly self = randomToken(9);

  constructor(redis: RedisConnection, prefix: string) {
    this.redis = redis;
    this.prefix = prefix;
  }

  async take(key: string): Promise<Lease | undefined> {
    const name = `${this.prefix}:lock:{${key}}`;
    const token = randomToken(12);
    const release = () => void this.redis.eval(UNLOCK, 1, name, token).catch(() => {});
    try {
      const keys = [name, `${name}:waiting`, `${name}:asked`];
      const taken = await this.redis.eval(LOCK, keys.length, ...keys, token, HELD_MS, this.self, WAITS);
      if (taken !== 1) return undefined;
    } catch (error) {
      // It may have been taken all the same.
      release();
      throw error;
    }
    const prolong = async () => (await this.redis.eval(PROLONG, 1, name, token, HELD_MS)) === 1;
    return { prolong, release };
  }
}

/** Nobody else is there. */
export const loneLocks: Locks = {
  leaseMs: HELD_MS,
  take: async () => ({ prolong: async () => true, release() {} }),
};
