// Dialback keys: made and checked without state, so that any node or region that has the secret can verify them.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** What a key is bound to: the two domains and the stream the receiving server opened. */
export interface DialbackPair {
  /** Domain of the receiving server: `to` of the `<db:result/>`. */
  readonly receiving: string;
  /** Domain of the originating server: `from` of the `<db:result/>`. */
  readonly originating: string;
  /** The id the receiving server gave the stream. */
  readonly streamId: string;
}

/** HMAC-SHA256 over "receiving originating stream-id", keyed by the hex of SHA-256 of the secret (XEP-0185 §3). */
export function makeKey(secret: string, pair: DialbackPair): string {
  const key = createHash("sha256").update(secret, "utf8").digest("hex");
  return createHmac("sha256", key)
    .update(`${pair.receiving} ${pair.originating} ${pair.streamId}`, "utf8")
    .digest("hex");
}

/**
 * Whether `presented` is the key for `pair` under any of `secrets` (several while one is being replaced). In constant
 * time for each secret; upper-case hex is not accepted.
 */
export function verifyKey(presented: string, secrets: readonly string[], pair: DialbackPair): boolean {
  const given = Buffer.from(presented.length === 64 ? presented : "", "utf8");
  let equal = false;
  for (const secret of secrets) {
    const expected = Buffer.from(makeKey(secret, pair), "utf8");
    if (given.length === expected.length && timingSafeEqual(given, expected)) equal = true;
  }
  return equal;
}
