// What protects one direction of a TLS 1.3 connection: secret, key, nonces, and the change of them. RFC 8446 §7.
import { createHmac } from "node:crypto";
import { NONCE_BYTES, type Suite } from "./suites.ts";

/**
 * Bytes of `label` from a secret: HKDF-Expand-Label with an empty context, which for no more than one hash's length is
 * one HMAC. RFC 8446 §7.1, RFC 5869 §2.3.
 */
export function expandLabel({ hash, hashBytes }: Suite, secret: Uint8Array, label: string, bytes: number): Buffer {
  if (bytes > hashBytes) throw new RangeError("longer than one hash");
  const name = `tls13 ${label}`;
  const info = Buffer.concat([Buffer.from([0, bytes, name.length]), Buffer.from(name), Buffer.from([0, 1])]);
  return createHmac(hash, secret).update(info).digest().subarray(0, bytes);
}

// What OpenSSL is handed, one record after the other, whichever connection's.
const nonce = Buffer.alloc(NONCE_BYTES);
const keys: Readonly<Record<number, Buffer>> = { 16: Buffer.alloc(16), 32: Buffer.alloc(32) };

/** Keys of one direction. */
export class TrafficKeys {
  readonly suite: Suite;
  /** Number of the next record under these keys. RFC 8446 §5.3. */
  sequence: number;
  /** Key, iv and secret in one: each array of its own costs 350 bytes, for as long as a session lasts. */
  private readonly bytes: Uint8Array;

  /** Copies `secret` (a traffic secret of RFC 8446 §7.1); so many records were protected by it already. */
  constructor(suite: Suite, secret: Uint8Array, sequence = 0) {
    if (secret.length !== suite.hashBytes) throw new RangeError("not a secret of this suite");
    this.suite = suite;
    this.sequence = sequence;
    this.bytes = new Uint8Array(suite.keyBytes + NONCE_BYTES + suite.hashBytes);
    this.become(secret);
  }

  /** The cipher of the next record to send, whose number is taken by that. */
  encipher(): ReturnType<Suite["encipher"]> {
    return this.suite.encipher(this.handedKey(), this.nextNonce());
  }

  /** The decipher of the next record to come, whose number is taken by that. */
  decipher(): ReturnType<Suite["decipher"]> {
    return this.suite.decipher(this.handedKey(), this.nextNonce());
  }

  /** The next generation of keys, which begins at record 0. RFC 8446 §7.2. */
  update(): void {
    const { suite, bytes } = this;
    const next = expandLabel(suite, bytes.subarray(suite.keyBytes + NONCE_BYTES), "traffic upd", suite.hashBytes);
    this.become(next);
    next.fill(0);
    this.sequence = 0;
  }

  /** Forgets them: nothing can be sent or read any more. */
  wipe(): void {
    this.bytes.fill(0);
    this.sequence = Number.MAX_SAFE_INTEGER;
  }

  private become(secret: Uint8Array): void {
    const { suite, bytes } = this;
    const key = expandLabel(suite, secret, "key", suite.keyBytes);
    const iv = expandLabel(suite, secret, "iv", NONCE_BYTES);
    bytes.set(key);
    bytes.set(iv, suite.keyBytes);
    bytes.set(secret, suite.keyBytes + NONCE_BYTES);
    key.fill(0);
    iv.fill(0);
  }

  private handedKey(): Buffer {
    const { keyBytes } = this.suite;
    const handed = keys[keyBytes] as Buffer;
    for (let at = 0; at < keyBytes; at += 1) handed[at] = this.bytes[at] as number;
    return handed;
  }

  /** Each number makes one nonce, and none is used twice. @throws RangeError once they are used up, or wiped */
  private nextNonce(): Buffer {
    if (this.sequence >= Number.MAX_SAFE_INTEGER) throw new RangeError("no record number is left");
    const iv = this.suite.keyBytes;
    for (let at = 0; at < NONCE_BYTES; at += 1) nonce[at] = this.bytes[iv + at] as number;
    for (let at = NONCE_BYTES - 1, rest = this.sequence; rest > 0; at -= 1, rest = Math.floor(rest / 256))
      nonce[at] = (nonce[at] as number) ^ (rest % 256);
    this.sequence += 1;
    return nonce;
  }
}
