// What text a store takes, and index keys of bounded size: the same on every dialect and in memory.
import { hash } from "node:crypto";
import { UnstorableText } from "../../ports/store.ts";

/** Bytes of a domainpart or localpart. RFC 7622 §3.1. */
export const PART_BYTES = 1023;
/** Bytes of a stanza or document. */
export const TEXT_BYTES = 8 * 1024 * 1024;
/** Bytes of an index key made by `indexKey`. */
export const INDEX_KEY_BYTES = 320;

/** Longest text that is its own index key, bytes. Shorter than any hashed key, so that the two never meet. */
const PLAIN_KEY_BYTES = 255;
/** Bytes of a long text's start in its index key; with 64 hexadecimal digits that is more than `PLAIN_KEY_BYTES`. */
const START_BYTES = 247;

/** Refuses text that cannot be kept exactly. @throws UnstorableText */
export function checkText(text: string, what: string, maxBytes: number): void {
  if (text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes) {
    throw new UnstorableText(`${what} has more than ${maxBytes} bytes`);
  }
  if (text.includes("\0")) throw new UnstorableText(`${what} has a NUL`);
  if (!text.isWellFormed()) throw new UnstorableText(`${what} has half a surrogate pair`);
}

/** Checks the two parts that every row is keyed by. @throws UnstorableText */
export function checkAccount(domain: string, local: string): void {
  checkText(domain, "domain", PART_BYTES);
  checkText(local, "local part", PART_BYTES);
}

/**
 * Text as an index key of at most `INDEX_KEY_BYTES`: itself where it is short, else its start and its SHA-256. The
 * limits of index rows (PostgreSQL 2,704 bytes, InnoDB 3,072) do not hold two parts and a bare JID together.
 */
export function indexKey(text: string): string {
  if (text.length * 3 <= PLAIN_KEY_BYTES || Buffer.byteLength(text) <= PLAIN_KEY_BYTES) return text;
  const start = Buffer.from(text)
    .subarray(0, START_BYTES)
    .toString("utf8")
    .replace(/\uFFFD+$/, "");
  return start + "#".repeat(START_BYTES - Buffer.byteLength(start)) + hash("sha256", text, "hex");
}

/** Compares as every dialect orders keys: by UTF-8 bytes. */
export function compareKeys(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}
