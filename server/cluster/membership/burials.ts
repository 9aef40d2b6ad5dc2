// Whose it is to tell of a member's end: one claims it in Redis, and another where that one died over it.
import type { RedisConnection } from "../redis/connection.ts";
import { livesIn } from "./leases.ts";

/** ms that a death is remembered, so that the dead one finds out should it live after all. */
const REMEMBERED = 3_600_000;

/** What burials rest on. */
export interface BurialParts {
  readonly redis: RedisConnection;
  readonly prefix: string;
  /** Rejects where Redis does not answer in time. */
  inTime<T>(asked: Promise<T>): Promise<T>;
}

/** The burials of a region. */
export class Burials {
  private readonly parts: BurialParts;

  constructor(parts: BurialParts) {
    this.parts = parts;
  }

  /** True for a member that somebody took for dead. @throws as Redis */
  async has(member: string): Promise<boolean> {
    return (await this.parts.redis.exists(this.key(member))) === 1;
  }

  /** True where it is for `self` to tell of a member's end. @throws as Redis, or where it does not answer in time */
  async claim(member: string, self: string): Promise<boolean> {
    const { redis, prefix } = this.parts;
    const key = this.key(member);
    if ((await this.parts.inTime(redis.set(key, self, "PX", REMEMBERED, "NX"))) === "OK") return true;
    const by = await this.parts.inTime(redis.get(key));
    // The answer to an earlier claim was lost.
    if (by === self) return true;
    if (by === null || (await this.parts.inTime(livesIn(redis, prefix, by)))) return false;
    // Whoever claimed it died over it. Two that take it over at once tell twice, which is better than never.
    return (await this.parts.inTime(redis.set(key, self, "PX", REMEMBERED, "XX"))) === "OK";
  }

  private key(member: string): string {
    return `${this.parts.prefix}:burial:{${member}}`;
  }
}
