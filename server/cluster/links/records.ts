// Where members listen for each other, and with which key: told through the registry, which they alone can read.
import { z } from "zod";
import type { RedisConnection } from "../redis/connection.ts";

/** Bytes of a key. */
export const KEY_BYTES = 32;

/** ms that a record stays without being told again: longer than a node lives that is not heard of. */
const KEPT = 60_000;

const Told = z.object({
  host: z.string().min(1).max(255),
  port: z.int().min(1).max(65_535),
  key: z.base64().transform((text) => Buffer.from(text, "base64")),
});

/** Where one member listens. */
export interface LinkRecord {
  readonly host: string;
  readonly port: number;
  /** Whoever connects proves with it that he can read the registry; made anew at each start. */
  readonly key: Buffer;
}

/** The members' records. */
export class LinkRecords {
  private readonly redis: RedisConnection;
  private readonly prefix: string;

  constructor(redis: RedisConnection, prefix: string) {
    this.redis = redis;
    this.prefix = prefix;
  }

  /** Tells of this member's, at every beat: a registry that came back empty has it again. @throws as Redis */
  async tell(member: string, { host, port, key }: LinkRecord): Promise<void> {
    const text = JSON.stringify({ host, port, key: key.toString("base64") });
    await this.redis.set(this.keyOf(member), text, "PX", KEPT);
  }

  /** @throws as Redis */
  async forget(member: string): Promise<void> {
    await this.redis.del(this.keyOf(member));
  }

  /** Undefined where it has none: an older node, or one that does not listen. @throws as Redis */
  async of(member: string): Promise<LinkRecord | undefined> {
    const text = await this.redis.get(this.keyOf(member));
    if (text === null) return undefined;
    try {
      const { data } = Told.safeParse(JSON.parse(text));
      return data?.key.length === KEY_BYTES ? data : undefined;
    } catch {
      return undefined;
    }
  }

  private keyOf(member: string): string {
    return `${this.prefix}:link:{${member}}`;
  }
}
