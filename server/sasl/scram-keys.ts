// SCRAM's arithmetic: hashes, keys from a salted password, proofs, and the keys told for unknown accounts. RFC 5802 §3.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { AccountRecord, ScramHash, ScramKeys } from "../ports/store.ts";

/** Iterations of new accounts' keys; RFC 7677 §4 asks for 4096 at least. */
export const DEFAULT_ITERATIONS = 10_000;
/** Bytes of a salt, made up or not. */
export const SALT_BYTES = 16;
/** Every hash, strongest first. */
export const SCRAM_HASHES: readonly ScramHash[] = ["SHA-512", "SHA-256", "SHA-1"];

const DIGESTS = { "SHA-1": "sha1", "SHA-256": "sha256", "SHA-512": "sha512" } as const;
const LENGTHS = { "SHA-1": 20, "SHA-256": 32, "SHA-512": 64 } as const;

/** The hash as node:crypto names it. */
export function digestName(hash: ScramHash): "sha1" | "sha256" | "sha512" {
  return DIGESTS[hash];
}

/** Bytes of the hash's output, and so of every key and proof. */
export function digestBytes(hash: ScramHash): number {
  return LENGTHS[hash];
}

export function hmac(hash: ScramHash, key: Buffer, data: string | Buffer): Buffer {
  return createHmac(DIGESTS[hash], key).update(data).digest();
}

export function digest(hash: ScramHash, data: string | Buffer): Buffer {
  return createHash(DIGESTS[hash]).update(data).digest();
}

/** StoredKey and ServerKey from SaltedPassword. RFC 5802 §3. */
export function keysFromSalted(hash: ScramHash, salted: Buffer): Pick<ScramKeys, "storedKey" | "serverKey"> {
  return {
    storedKey: digest(hash, hmac(hash, salted, "Client Key")),
    serverKey: hmac(hash, salted, "Server Key"),
  };
}

/** True where the proof fits: H(ClientProof XOR ClientSignature) is StoredKey. In constant time. RFC 5802 §3. */
export function proofFits(hash: ScramHash, storedKey: Buffer, authMessage: string, proof: Buffer): boolean {
  if (proof.length !== LENGTHS[hash] || storedKey.length !== LENGTHS[hash]) return false;
  const clientKey = hmac(hash, storedKey, authMessage);
  for (let i = 0; i < clientKey.length; i += 1) clientKey[i]! ^= proof[i]!;
  return timingSafeEqual(digest(hash, clientKey), storedKey);
}

/** Tells of an account whether a stored key is (still) one of its own. */
export function hasKey(storedKey: Buffer): (account: AccountRecord | undefined) => boolean {
  return (account) => Object.values(account?.credentials ?? {}).some((keys) => keys.storedKey.equals(storedKey));
}

/** What the keys of an account that does not exist are of. */
export interface DecoyName {
  readonly domain: string;
  readonly local: string;
  readonly hash: ScramHash;
}

/**
 * Keys for an account that does not exist. The salt is the same each time, as a real one would be, and the stored key
 * fits no proof anybody can make. `iterations` are those that keys of accounts have: which of them it is, is the name's,
 * whatever the hash. RFC 5802 §9 (user enumeration).
 */
export function decoyKeys(
  secret: Buffer,
  { domain, local, hash }: DecoyName,
  iterations: readonly number[] = [DEFAULT_ITERATIONS],
): ScramKeys {
  const block = madeUp(secret, ["scram decoy", domain, local, hash]);
  const key = hmac(hash, block, "decoy key");
  const which =
    iterations.length < 2 ? 0 : madeUp(secret, ["scram decoy", domain, local]).readUInt32BE() % iterations.length;
  const chosen = iterations[which] ?? DEFAULT_ITERATIONS;
  return { salt: block.subarray(0, SALT_BYTES), iterations: chosen, storedKey: key, serverKey: key };
}

/** Random bytes that are always the same for the same names. */
function madeUp(secret: Buffer, names: readonly string[]): Buffer {
  return createHmac("sha512", secret).update(JSON.stringify(names)).digest();
}
