// Shared counts in Redis: everything of one turn in one script call, with a bound on time and on what is added.
import { createHash } from "node:crypto";
import { Cluster } from "ioredis";
import type { Logger } from "pino";
import { type Clock, systemClock, type Timer } from "../../../xmpp/clock.ts";
import { TokenBucket } from "../../../xmpp/token-bucket.ts";
import type { RedisConnection } from "../redis/connection.ts";
import type { CountKind, SharedCounts, Usage } from "./limits.ts";

/** ms of real time that an answer may take; who waits is a client that logs in. */
const PATIENCE = 1_000;
/** ms without asking after no answer came. */
const PEACE = 1_000;
/** Counts that a node adds in a second at most: an attack must not fill the memory of Redis. Beyond, local limits only. */
const ADDS_PER_SECOND = 200;
/** Operations in one call, so that it keeps Redis from nobody for long. */
const BATCH = 500;
/** Hash tags over which keys are spread in Redis Cluster: a call has the keys of one slot. */
const TAGS = 16;

/** Each key with an operation, a time in ms: `add`, `look`, `mark`, `forget`. Answers the counts. */
const COUNT = `
local counts = {}
for i, key in ipairs(KEYS) do
  local what, ms = ARGV[2 * i - 1], ARGV[2 * i]
  local count = 0
  if what == 'look' then count = tonumber(redis.call('GET', key) or 0)
  elseif what == 'forget' then redis.call('DEL', key)
  elseif what == 'mark' then redis.call('SET', key, 1, 'PX', ms) count = 1
  else
    count = redis.call('INCR', key)
    if count == 1 then redis.call('PEXPIRE', key, ms) end
  end
  counts[i] = count
end
return counts`;

/** Each key with what the node took in its last second: kept by node with the time, summed over what is not stale. */
const USAGE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local sums = {}
for i, key in ipairs(KEYS) do
  redis.call('HSET', key, ARGV[1], ARGV[i + 1] .. ' ' .. now)
  redis.call('PEXPIRE', key, 5000)
  local all, sum = redis.call('HGETALL', key), 0
  for j = 1, #all, 2 do
    local taken, at = string.match(all[j + 1], '^(%d+) (%d+)$')
    if now - tonumber(at) < 2500 then sum = sum + taken else redis.call('HDEL', key, all[j]) end
  end
  sums[i] = sum
end
return sums`;

type Operation = "add" | "look" | "mark" | "forget";

interface Asked {
  readonly key: string;
  readonly operation: Operation;
  readonly ms: number;
  readonly done: ((count: number | undefined) => void) | undefined;
}

/** Counts in Redis. */
export class RedisCounts implements SharedCounts {
  readonly shared = true;
  private readonly redis: RedisConnection;
  private readonly prefix: string;
  private readonly node: string;
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly tags: number;
  private gathered: Asked[] = [];
  private silentUntil = 0;
  private away = false;
  private readonly additions: TokenBucket;

  constructor(
    redis: RedisConnection,
    options: { readonly prefix: string; readonly node: string; readonly clock: Clock; readonly log: Logger },
  ) {
    this.redis = redis;
    this.prefix = options.prefix;
    this.node = options.node;
    this.clock = options.clock;
    this.additions = new TokenBucket(options.clock, ADDS_PER_SECOND, ADDS_PER_SECOND);
    this.log = options.log;
    this.tags = redis instanceof Cluster ? TAGS : 1;
  }

  add(kind: CountKind, key: string, ms: number): Promise<number | undefined> {
    return this.additions.takeIfThere(1) ? this.ask(kind, key, "add", ms) : Promise.resolve(undefined);
  }

  look(kind: CountKind, key: string): Promise<number | undefined> {
    return this.ask(kind, key, "look", 0);
  }

  mark(kind: CountKind, key: string, ms: number): void {
    if (this.silent) return;
    this.gather({ key: this.name(kind, key), operation: "mark", ms, done: undefined });
  }

  forget(kind: CountKind, key: string): void {
    if (this.silent) return;
    this.gather({ key: this.name(kind, key), operation: "forget", ms: 0, done: undefined });
  }

  async usage(usages: readonly Usage[]): Promise<readonly number[] | undefined> {
    if (this.silent) return undefined;
    const names = usages.map(({ key }) => this.name("usage", key));
    const sums: number[] = new Array(usages.length).fill(0);
    const calls = this.byTag(names).map(async (places) => {
      const keys = places.map((place) => names[place] as string);
      const taken = places.map((place) => (usages[place] as Usage).taken);
      const answer = await this.call(USAGE, keys, [this.node, ...taken]);
      for (const [i, place] of places.entries()) sums[place] = answer?.[i] ?? (usages[place] as Usage).taken;
      return answer !== undefined;
    });
    return (await Promise.all(calls)).includes(false) ? undefined : sums;
  }

  private get silent(): boolean {
    return this.clock.now() < this.silentUntil;
  }

  private ask(kind: CountKind, key: string, operation: Operation, ms: number): Promise<number | undefined> {
    if (this.silent) return Promise.resolve(undefined);
    return new Promise((done) => this.gather({ key: this.name(kind, key), operation, ms, done }));
  }

  private gather(asked: Asked): void {
    if (this.gathered.length === 0) setImmediate(() => this.flush());
    this.gathered.push(asked);
  }

  private flush(): void {
    const { gathered } = this;
    this.gathered = [];
    for (const places of this.byTag(gathered.map(({ key }) => key))) {
      const batch = places.map((place) => gathered[place] as Asked);
      const args = batch.flatMap(({ operation, ms }) => [operation, Math.ceil(ms)]);
      const keys = batch.map(({ key }) => key);
      void this.call(COUNT, keys, args).then((counts) => {
        for (const [i, { done }] of batch.entries()) done?.(counts?.[i]);
      });
    }
  }

  /** Indexes of keys that may go in one call. */
  private byTag(keys: readonly string[]): number[][] {
    const open = new Map<string, number[]>();
    const all: number[][] = [];
    for (const [i, key] of keys.entries()) {
      const tag = key.slice(0, key.indexOf("}"));
      const group = open.get(tag);
      if (group !== undefined && group.length < BATCH) group.push(i);
      else {
        const fresh = [i];
        open.set(tag, fresh);
        all.push(fresh);
      }
    }
    return all;
  }

  /** The script's answer; undefined where none came in time. Real time, since it waits for a socket. */
  private async call(
    script: string,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<number[] | undefined> {
    let timer: Timer | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = systemClock.setTimeout(() => reject(new Error("no answer in time")), PATIENCE);
    });
    try {
      const answer = await Promise.race([this.redis.eval(script, keys.length, ...keys, ...args), late]);
      if (this.away) this.log.info("limits are shared with the other nodes again");
      this.away = false;
      return answer as number[];
    } catch (error) {
      const { message: reason } = error as Error;
      if (!this.away) this.log.warn({ reason }, "Redis does not answer: limits are this node's own for now");
      this.away = true;
      this.silentUntil = this.clock.now() + PEACE;
      return undefined;
    } finally {
      systemClock.clearTimeout(timer);
    }
  }

  /** Neither JIDs nor addresses are told to Redis, and no key is longer than another. */
  private name(kind: CountKind | "usage", key: string): string {
    const digest = createHash("sha256").update(`${kind} ${key}`).digest();
    const tag = (digest[31] as number) % this.tags;
    return `${this.prefix}:limit:{${this.prefix}-${tag}}:${kind}:${digest.toString("base64url", 0, 16)}`;
  }
}
