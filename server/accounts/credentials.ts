// Keys that are stored in place of a password. RFC 5802 §3, RFC 7677 §4.
import { randomBytes, timingSafeEqual } from "node:crypto";
import type { Credentials, ScramHash, ScramKeys } from "../ports/store.ts";
import { DEFAULT_ITERATIONS, keysFromSalted, SALT_BYTES, SCRAM_HASHES } from "../sasl/scram-keys.ts";
import { saltedPassword } from "./key-derivation.ts";
import { preparePassword } from "./password.ts";

/** Fewest iterations. RFC 5802 §5.1, RFC 7677 §4. */
export const MIN_ITERATIONS = 4096;
/** Most iterations; a client that gets more than this thinks itself attacked. */
export const MAX_ITERATIONS = 10_000_000;

/**
 * Derives the keys to store for a password, off the event loop; each hash has its own salt. About 9 ms of one core for
 * all three hashes at 10,000 iterations, 4 ms at 4096.
 * @throws PasswordError where the text cannot be a password
 * @throws RangeError for fewer than 4096 iterations
 */
export async function deriveCredentials(
  password: string,
  iterations: number = DEFAULT_ITERATIONS,
  hashes: readonly ScramHash[] = SCRAM_HASHES,
): Promise<Credentials> {
  if (!Number.isInteger(iterations) || iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS)
    throw new RangeError(`iterations must be ${MIN_ITERATIONS} to ${MAX_ITERATIONS}, not ${iterations}`);
  const prepared = await preparePassword(password);
  const credentials: Credentials = {};
  await Promise.all(
    hashes.map(async (hash) => {
      credentials[hash] = await deriveKeys(hash, prepared, randomBytes(SALT_BYTES), iterations);
    }),
  );
  return credentials;
}

/** The keys of one hash from a prepared password. */
async function deriveKeys(hash: ScramHash, prepared: string, salt: Buffer, iterations: number): Promise<ScramKeys> {
  const salted = await saltedPassword(hash, prepared, salt, iterations);
  return { salt, iterations, ...keysFromSalted(hash, salted) };
}

/** True where the prepared password gives these keys. The comparison takes constant time. */
export async function passwordFits(hash: ScramHash, prepared: string, keys: ScramKeys): Promise<boolean> {
  const { storedKey } = await deriveKeys(hash, prepared, keys.salt, keys.iterations);
  return storedKey.length === keys.storedKey.length && timingSafeEqual(storedKey, keys.storedKey);
}
