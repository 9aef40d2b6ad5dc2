// How much of each client's stanzas is handled, in Redis: for clients whose session died with its node. XEP-0198 §5.
import { memberOfId } from "../c2s/stream-management/resumable.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { RedisConnection } from "./redis.ts";

/** Seconds that counts of a member that is gone are kept for clients that ask. */
const SECONDS = 3_600;
/** ms that an acknowledgement waits for its count to be written. */
const PATIENCE = 500;
/**
 * ms after a count could not be written in which no count of the dead is told: a member that died meanwhile could not
 * write its own either, and acknowledged more than Redis knows. Longer than a lease and the time until it is noticed.
 */
const DOUBT = 60_000;

/** The counts of this node's sessions, a hash for each member; written once for each turn. */
export class HandledCounts {
  private readonly redis: RedisConnection;
  private readonly prefix: string;
  private readonly member: () => string;
  private readonly clock: Clock;
  private counts = new Map<string, number | undefined>();
  private doubtUntil = 0;
  /** Settled once what waits has been written. */
  private waiting: PromiseWithResolvers<void> | undefined;

  /** `member`: this node as a member at the moment. */
  constructor(redis: RedisConnection, prefix: string, member: () => string, clock: Clock = systemClock) {
    this.redis = redis;
    this.clock = clock;
    this.prefix = prefix;
    this.member = member;
  }

  /** Notes a count for the next `flush`; undefined once the session is over. Resolves once written, or given up. */
  note(smId: string, h: number | undefined): Promise<void> {
    this.counts.set(smId, h);
    this.waiting ??= Promise.withResolvers<void>();
    return this.waiting.promise;
  }

  /** How much of a session was handled whose node died; undefined where that is unknown. */
  async of(smId: string): Promise<number | undefined> {
    if (this.inDoubt) return undefined;
    const text = await this.redis.hget(this.key(memberOfId(smId) ?? ""), smId).catch(() => null);
    return text === null ? undefined : Number(text);
  }

  /** Writes what was noted. Rejects where Redis does not answer: then it is written with the next ones. */
  async flush(): Promise<void> {
    const { counts, waiting } = this;
    if (counts.size === 0) return;
    this.counts = new Map();
    this.waiting = undefined;
    // A Redis that is away holds no acknowledgement up for long.
    const timer = setTimeout(() => waiting?.resolve(), PATIENCE);
    try {
      await Promise.all(this.write(counts));
    } catch (error) {
      this.doubtUntil = this.clock.now() + DOUBT;
      for (const [id, h] of counts) if (!this.counts.has(id)) this.counts.set(id, h);
      throw error;
    } finally {
      clearTimeout(timer);
      waiting?.resolve();
    }
  }

  /** A member is gone: its clients may still ask, for a while, where what it wrote can be relied on. */
  gone(member: string): Promise<unknown> {
    if (this.inDoubt) return this.redis.del(this.key(member));
    return this.redis.expire(this.key(member), SECONDS);
  }

  private get inDoubt(): boolean {
    return this.clock.now() < this.doubtUntil;
  }

  private write(counts: ReadonlyMap<string, number | undefined>): Promise<unknown>[] {
    // Where a session began its count stays, wherever it moves: whoever looks for it knows no other place.
    const byMember = new Map<string, { over: string[]; counted: string[] }>();
    for (const [id, h] of counts) {
      const member = memberOfId(id) ?? this.member();
      const lists = byMember.get(member) ?? { over: [], counted: [] };
      byMember.set(member, lists);
      if (h === undefined) lists.over.push(id);
      else lists.counted.push(id, String(h));
    }
    const writing: Promise<unknown>[] = [];
    for (const [member, { over, counted }] of byMember) {
      const key = this.key(member);
      if (counted.length > 0) writing.push(this.redis.hset(key, ...(counted as [string, string])));
      // Nobody cleans up what is written under a member that died.
      if (member !== this.member()) writing.push(this.redis.expire(key, SECONDS));
      if (over.length > 0) writing.push(this.redis.hdel(key, ...over));
    }
    return writing;
  }

  private key(member: string): string {
    return `${this.prefix}:handled:{${member}}`;
  }
}
