// Follows the aliases of one answer from the name asked to the records wanted: pure, and bounded against loops.
import type { Answer } from "dns-packet";

/** Aliases followed for one lookup in all, over however many answers. */
export const MAX_ALIASES = 8;
/** Records of one name and type we look at; more is refused, since no honest service has them. */
export const MAX_RECORD_SET = 128;

/** Where an answer leads. */
export interface AliasWalk {
  /** The name the chain ends at; the name asked when there is no alias. */
  readonly end: string;
  readonly hops: number;
  /** Records of the wanted type at `end`; everything else in the answer was not asked for and is left out. */
  readonly records: readonly Answer[];
  /** The smallest TTL of all that was used, seconds. Infinity when nothing was. */
  readonly ttl: number;
}

/** Walks `answers` from `name`; undefined when there are more than `hopsLeft` aliases (a loop is one such). */
export function walkAliases(
  answers: readonly Answer[],
  name: string,
  type: string,
  hopsLeft: number,
): AliasWalk | undefined {
  let end = name;
  let ttl = Number.POSITIVE_INFINITY;
  for (let hops = 0; ; hops++) {
    const here = answers.filter((record) => sameName(record.name, end));
    const records = here.filter((record) => record.type === type);
    if (records.length > 0) {
      for (const record of records) ttl = Math.min(ttl, ttlOf(record));
      return { end, hops, records, ttl };
    }
    const alias = here.find((record) => record.type === "CNAME");
    if (alias?.type !== "CNAME") return { end, hops, records: [], ttl };
    if (hops >= hopsLeft) return undefined;
    ttl = Math.min(ttl, ttlOf(alias));
    end = alias.data.toLowerCase();
  }
}

/** A record's TTL in seconds; one with its highest bit set counts as 0 (RFC 2181 §8). */
export function ttlOf(record: Answer): number {
  const ttl = record.type === "OPT" ? 0 : (record.ttl ?? 0);
  return ttl > 0x7fffffff ? 0 : ttl;
}

function sameName(a: string, b: string): boolean {
  return a.length === b.length && a.toLowerCase() === b;
}
