// One record of TLS 1.3, sealed and opened. RFC 8446 §5.2.
import { RecordFault } from "./alert.ts";
import { TAG_BYTES } from "./suites.ts";
import type { TrafficKeys } from "./traffic-keys.ts";

/** Bytes of a record's header: type, version of old, length. */
export const HEADER_BYTES = 5;
/** Most bytes of content in one record. RFC 8446 §5.1. */
export const MOST_CONTENT = 2 ** 14;
/** Most bytes behind a header. RFC 8446 §5.2. */
export const MOST_PROTECTED = MOST_CONTENT + 256;

/** Types of content that can come after a handshake. RFC 8446 §5.1. */
export const [ALERT, HANDSHAKE, APPLICATION_DATA] = [21, 22, 23] as const;

/** Bytes that a record is longer than its content: header, inner type and tag. */
export const OVERHEAD = HEADER_BYTES + 1 + TAG_BYTES;

/** Where content is put together with its type before it is enciphered; longer by that type. */
export const inner = Buffer.allocUnsafeSlow(MOST_CONTENT + 1);

/**
 * Seals the first `length` bytes of `inner`, content with its type behind it, into `out` at `at`, and returns where the
 * record ends: `length` - 1 + `OVERHEAD` bytes behind.
 */
export function sealInner(keys: TrafficKeys, length: number, out: Buffer, at: number): number {
  const size = length + TAG_BYTES;
  out[at] = APPLICATION_DATA;
  out[at + 1] = 3;
  out[at + 2] = 3;
  out[at + 3] = size >> 8;
  out[at + 4] = size & 0xff;
  const body = at + HEADER_BYTES;
  const cipher = keys.encipher();
  cipher.setAAD(out.subarray(at, body));
  out.set(cipher.update(inner.subarray(0, length)), body);
  cipher.final();
  out.set(cipher.getAuthTag(), body + length);
  return body + size;
}

/** What a record held. */
export interface Opened {
  readonly type: number;
  readonly content: Buffer;
}

/**
 * Opens the whole record from `at` to `end`. @throws RecordFault where it is not under these keys and this number, is too
 * large, or has no content type. RFC 8446 §5.2, §5.4.
 */
export function open(keys: TrafficKeys, bytes: Buffer, at: number, end: number): Opened {
  if (end - at < OVERHEAD) throw new RecordFault("bad_record_mac");
  const body = at + HEADER_BYTES;
  const tag = end - TAG_BYTES;
  const decipher = keys.decipher();
  decipher.setAAD(bytes.subarray(at, body));
  decipher.setAuthTag(bytes.subarray(tag, end));
  const plain = decipher.update(bytes.subarray(body, tag));
  try {
    decipher.final();
  } catch {
    throw new RecordFault("bad_record_mac");
  }
  if (plain.length > MOST_CONTENT + 1) throw new RecordFault("record_overflow");
  let last = plain.length - 1;
  while (last >= 0 && plain[last] === 0) last -= 1; // padding
  if (last < 0) throw new RecordFault("unexpected_message");
  return { type: plain[last] as number, content: plain.subarray(0, last) };
}
