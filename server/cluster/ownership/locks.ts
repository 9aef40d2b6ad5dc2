// Work that only one node of a region does at a time: short, and rare enough for a round trip each way.
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { randomToken } from "../../../xmpp/random.ts";
import type { Exclusive } from "../../ports/cluster.ts";
import type { RedisConnection } from "../redis/connection.ts";

/** ms after which a lock is free again, should its holder die. */
const HELD_MS = 5_000;
/** ms that a node waits for a lock; after it, or where Redis does not answer, it goes on without. */
const PATIENCE = 3_000;
/** ms between two tries, at most. */
const PAUSE = 20;

/** Of a lock that another one may have by now: each acts where it still has this token. */
export const PROLONG =
  "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) else return 0 end";
export const UNLOCK =
  "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end";

/** Locks in Redis; those of one node wait for one another without it. */
export class RedisLocks implements Exclusive {
  private readonly redis: RedisConnection;
  private readonly prefix: string;
  private readonly log: Logger;
  private readonly queues = new Map<string, Promise<unknown>>();

  constructor(redis: RedisConnection, prefix: string, log: Logger) {
    this.redis = redis;
    this.prefix = prefix;
    this.log = log;
  }

  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.queues.get(key) ?? Promise.resolve();
    const mine = before.then(
      () => this.locked(key, work),
      () => this.locked(key, work),
    );
    this.queues.set(key, mine);
    const ended = () => {
      if (this.queues.get(key) === mine) this.queues.delete(key);
    };
    mine.then(ended, ended);
    return mine;
  }

  private async locked<T>(key: string, work: () => Promise<T>): Promise<T> {
    const name = `${this.prefix}:lock:{${key}}`;
    const token = randomToken(12);
    const taken = await this.take(name, token);
    try {
      return await work();
    } finally {
      if (taken) this.redis.eval(UNLOCK, 1, name, token).catch(() => {});
    }
  }

  private async take(name: string, token: string): Promise<boolean> {
    const end = performance.now() + PATIENCE;
    try {
      while ((await this.redis.set(name, token, "PX", HELD_MS, "NX")) !== "OK") {
        if (performance.now() > end) {
          this.log.warn({ lock: name }, "a lock is not to be had: going on without");
          return false;
        }
        await delay(1 + Math.random() * PAUSE);
      }
      return true;
    } catch {
      // Redis is away: better two nodes at once than none.
      return false;
    }
  }
}
