// The cipher suites of TLS 1.3 whose records are protected here. RFC 8446 §B.4.

import {
  type CipherChaCha20Poly1305,
  type CipherGCM,
  type CipherGCMTypes,
  createCipheriv,
  createDecipheriv,
  type DecipherChaCha20Poly1305,
  type DecipherGCM,
} from "node:crypto";

/** Bytes of the tag of every suite. RFC 5116 §5. */
export const TAG_BYTES = 16;
/** Bytes of a nonce of every suite. RFC 8446 §5.3. */
export const NONCE_BYTES = 12;

const OPTIONS = { authTagLength: TAG_BYTES };

/** One suite: its AEAD algorithm, and the hash function of its key schedule. */
export interface Suite {
  readonly hash: "sha256" | "sha384";
  /** Bytes of that hash, and so of every secret. */
  readonly hashBytes: number;
  readonly keyBytes: number;
  encipher(key: Uint8Array, nonce: Uint8Array): CipherGCM | CipherChaCha20Poly1305;
  decipher(key: Uint8Array, nonce: Uint8Array): DecipherGCM | DecipherChaCha20Poly1305;
}

const SHA256 = { hash: "sha256", hashBytes: 32 } as const;
const SHA384 = { hash: "sha384", hashBytes: 48 } as const;

function aesGcm(algorithm: CipherGCMTypes, keyBytes: number): Omit<Suite, "hash" | "hashBytes"> {
  return {
    keyBytes,
    encipher: (key, nonce) => createCipheriv(algorithm, key, nonce, OPTIONS),
    decipher: (key, nonce) => createDecipheriv(algorithm, key, nonce, OPTIONS),
  };
}

const CHACHA20_POLY1305: Omit<Suite, "hash" | "hashBytes"> = {
  keyBytes: 32,
  encipher: (key, nonce) => createCipheriv("chacha20-poly1305", key, nonce, OPTIONS),
  decipher: (key, nonce) => createDecipheriv("chacha20-poly1305", key, nonce, OPTIONS),
};

const SUITES: ReadonlyMap<string, Suite> = new Map<string, Suite>([
  ["TLS_AES_128_GCM_SHA256", { ...SHA256, ...aesGcm("aes-128-gcm", 16) }],
  ["TLS_AES_256_GCM_SHA384", { ...SHA384, ...aesGcm("aes-256-gcm", 32) }],
  ["TLS_CHACHA20_POLY1305_SHA256", { ...SHA256, ...CHACHA20_POLY1305 }],
]);

/** The suite of a name as RFC 8446 writes it (Node's `standardName`); undefined for one that is not protected here. */
export function suiteOf(name: string): Suite | undefined {
  return SUITES.get(name);
}
