// Leases as whoever looks at them finds them in Redis: a member lives as long as its own is there.
import type { RedisConnection } from "../redis/connection.ts";

/** Members whose leases hold, as whoever is none itself sees them: it only reads. @throws where Redis does not answer */
export async function livingMembers(redis: RedisConnection, prefix: string): Promise<string[]> {
  const members = await redis.smembers(`${prefix}:members`);
  const alive = await Promise.all(members.map((member) => livesIn(redis, prefix, member)));
  return members.filter((_member, i) => alive[i]);
}

/** True for a member whose lease holds. @throws as Redis */
export async function livesIn(redis: RedisConnection, prefix: string, member: string): Promise<boolean> {
  return (await redis.exists(leaseKey(prefix, member))) === 1;
}

/** The key of a member's lease. */
export function leaseKey(prefix: string, member: string): string {
  return `${prefix}:lease:{${member}}`;
}
