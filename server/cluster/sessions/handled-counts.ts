// How much of each client's stanzas is handled, in Redis: for clients whose session died with its node. XEP-0198 §5.

import { type Clock, systemClock } from "../../../xmpp/clock.ts";
import { memberOfId } from "../../c2s/stream-management/resumable.ts";
import { chunksOf } from "../../chunks.ts";
import type { RedisConnection } from "../redis/connection.ts";
import type { CountDoubts } from "./count-doubts.ts";

/** Seconds that counts of a member that is gone are kept for clients that ask. */
const SECONDS = 3_600;
/** ms that an acknowledgement waits for its count to be written, before it is told that Redis may not have it. */
const PATIENCE = 500;
/** Arguments of one command; even, since a count is two. */
const CHUNK = 1_000;
/** ms until a store that did not take that either is asked again. */
const AGAIN = 1_000;

/**
 * Names the history of writes that a Redis has: another one begins where a replica is promoted, or the server starts
 * again, which may have cost the last writes. Empty where it tells none.
 */
const HISTORY =
  "local info = redis.pcall('info', 'replication')\n" +
  "local history = type(info) == 'string' and string.match(info, 'master_replid:(%x+)') or ''\n";
/** Writes counts, each with the history it was written in. */
export const WRITE_COUNTS = `${HISTORY}for i = 1, #ARGV, 2 do redis.call('hset', KEYS[1], ARGV[i], ARGV[i + 1], ARGV[i] .. ' in', history) end return 1`;
/** A count, the history it was written in, and the one that this Redis has. */
export const READ_COUNT = `${HISTORY}return {redis.call('hget', KEYS[1], ARGV[1]), redis.call('hget', KEYS[1], ARGV[1] .. ' in'), history}`;

type Counts = Map<string, number | undefined>;

/** What counts are kept with. */
export interface HandledCountsParts {
  readonly redis: RedisConnection;
  /** Of the keys. */
  readonly prefix: string;
  /** This node as a member at the moment. */
  readonly member: () => string;
  readonly doubts: CountDoubts;
  readonly clock?: Clock;
}

/**
 * The counts of this node's sessions, a hash for each member; written once for each turn. A count of the dead is told
 * only where it was proven to be the last: a node acknowledges nothing before Redis has its count, or the store has the
 * mark that Redis does not (`CountDoubts`); and Redis has lost none of its writes since.
 */
export class HandledCounts {
  private readonly redis: RedisConnection;
  private readonly prefix: string;
  private readonly member: () => string;
  private readonly doubts: CountDoubts;
  private readonly clock: Clock;
  private counts: Counts = new Map();
  /** Ids acknowledged beyond what Redis has. */
  private readonly doubtful = new Set<string>();
  /** Settled once what waits has been written. */
  private waiting: PromiseWithResolvers<void> | undefined;

  constructor({ redis, prefix, member, doubts, clock = systemClock }: HandledCountsParts) {
    this.redis = redis;
    this.clock = clock;
    this.prefix = prefix;
    this.member = member;
    this.doubts = doubts;
  }

  /** Notes a count for the next `flush`; undefined once the session is over. Resolves once it may be told. */
  note(smId: string, h: number | undefined): Promise<void> {
    this.counts.set(smId, h);
    this.waiting ??= Promise.withResolvers<void>();
    return this.waiting.promise;
  }

  /** How much of a session was handled whose node died; undefined where that is unknown, or not proven. */
  async of(smId: string): Promise<number | undefined> {
    const member = memberOfId(smId) ?? "";
    const read = this.redis.eval(READ_COUNT, 1, this.key(member), smId) as Promise<(string | null)[]>;
    const [text = null, writtenIn, history] = await read.catch(() => []);
    // A Redis that tells no history (one that denies INFO) proves nothing.
    if (text === null || !history || writtenIn !== history || (await this.doubts.any(member))) return undefined;
    return Number(text);
  }

  /** Writes what was noted. Rejects where Redis does not answer: then it is written with the next ones. */
  async flush(): Promise<void> {
    const { counts, waiting } = this;
    if (counts.size === 0) return;
    this.counts = new Map();
    this.waiting = undefined;
    // A Redis that is away holds no acknowledgement up for long.
    const timer = this.clock.setTimeout(() => void this.doubt(counts, waiting), PATIENCE);
    try {
      await Promise.all(this.write(counts));
    } catch (error) {
      for (const [id, h] of counts) if (!this.counts.has(id)) this.counts.set(id, h);
      this.clock.clearTimeout(timer);
      void this.doubt(counts, waiting);
      throw error;
    }
    this.clock.clearTimeout(timer);
    this.wrote(counts);
    waiting?.resolve();
  }

  /** A member is gone: its clients may still ask, for a while. */
  gone(member: string): Promise<unknown> {
    return this.redis.expire(this.key(member), SECONDS);
  }

  /** Redis does not have these, or not yet: they may be told once the store says so. Tried until one of them has it. */
  private async doubt(counts: Counts, waiting: PromiseWithResolvers<void> | undefined): Promise<void> {
    const ids = [...counts.keys()];
    for (const id of ids) this.doubtful.add(id);
    const members = new Set(ids.map((id) => this.memberOf(id)));
    if (await this.doubts.mark(members, this.member())) return waiting?.resolve();
    this.clock.setTimeout(() => {
      if (ids.some((id) => this.doubtful.has(id))) void this.doubt(counts, waiting);
      else waiting?.resolve();
    }, AGAIN);
  }

  private wrote(counts: Counts): void {
    if (this.doubtful.size === 0) return;
    for (const id of counts.keys()) this.doubtful.delete(id);
    if (this.doubtful.size === 0) void this.doubts.clear();
  }

  /** Where a session began its count stays, wherever it moves: whoever looks for it knows no other place. */
  private memberOf(id: string): string {
    return memberOfId(id) ?? this.member();
  }

  private write(counts: Counts): Promise<unknown>[] {
    const byMember = new Map<string, { over: string[]; counted: string[] }>();
    for (const [id, h] of counts) {
      const member = this.memberOf(id);
      const lists = byMember.get(member) ?? { over: [], counted: [] };
      byMember.set(member, lists);
      if (h === undefined) lists.over.push(id);
      else lists.counted.push(id, String(h));
    }
    const writing: Promise<unknown>[] = [];
    for (const [member, { over, counted }] of byMember) {
      const key = this.key(member);
      for (const chunk of chunksOf(counted, CHUNK)) writing.push(this.redis.eval(WRITE_COUNTS, 1, key, ...chunk));
      // Nobody cleans up what is written under a member that died.
      if (member !== this.member()) writing.push(this.redis.expire(key, SECONDS));
      for (const chunk of chunksOf(over, CHUNK))
        writing.push(this.redis.hdel(key, ...chunk.flatMap((id) => [id, `${id} in`])));
    }
    return writing;
  }

  private key(member: string): string {
    return `${this.prefix}:handled:{${member}}`;
  }
}
