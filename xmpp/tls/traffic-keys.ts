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

// Handed to OpenSSL: bytes of a session that are handed over leave V8's heap for ever, at a cost of 200 bytes for each
// array, so that those are copied here first.
const nonce = Buffer.alloc(NONCE_BYTES);
const keys: Readonly<Record<number, Buffer>> = { 16: Buffer.alloc(16), 32: Buffer.alloc(32) };

/** Keys of one direction. */
export class TrafficKeys {
  readonly suite: Suite;
  /** Number of the next record under these keys. RFC 8446 §5.3. */
  sequence: number;
  private readonly secret: Uint8Array;
  private readonly key: Uint8Array;
  private readonly iv: Uint8Array;

  /** Copies `secret` (a traffic secret of RFC 8446 §7.1); so many records were protected by it already. */
  constructor(suite: Suite, secret: Uint8Array, sequence = 0) {
    if (secret.length !== suite.hashBytes) throw new RangeError("not a secret of this suite");
    this.suite = suite;
    this.sequence = sequence;
    this.secret = new Uint8Array(suite.hashBytes);
    this.key = new Uint8Array(suite.keyBytes);
    this.iv = new Uint8Array(NONCE_BYTES);
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
    const next = expandLabel(this.suite, this.secret, "traffic upd", this.suite.hashBytes);
    this.become(next);
    next.fill(0);
    this.sequence = 0;
  }

  /** Forgets them: nothing can be sent or read any more. */
  wipe(): void {
    for (const bytes of [this.secret, this.key, this.iv]) bytes.fill(0);
    this.sequence = Number.MAX_SAFE_INTEGER;
  }

  private become(secret: Uint8Array): void {
    this.secret.set(secret);
    const key = expandLabel(this.suite, secret, "key", this.suite.keyBytes);
    const iv = expandLabel(this.suite, secret, "iv", NONCE_BYTES);
    this.key.set(key);
    this.iv.set(iv);
    key.fill(0);
    iv.fill(0);
  }

  private handedKey(): Buffer {
    const handed = keys[this.key.length] as Buffer;
    handed.set(this.key);
    return handed;
  }

  /** Each number makes one nonce, and none is used twice. @throws RangeError once they are used up, or wiped */
  private nextNonce(): Buffer {
    if (this.sequence >= Number.MAX_SAFE_INTEGER) throw new RangeError("no record number is left");
    nonce.set(this.iv);
    for (let at = NONCE_BYTES - 1, rest = this.sequence; rest > 0; at -= 1, rest = Math.floor(rest / 256))
      nonce[at] = (nonce[at] as number) ^ (rest % 256);
    this.sequence += 1;
    return nonce;
  }
}
