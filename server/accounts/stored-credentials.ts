// SCRAM keys as text for a column: JSON with the keys in base64.
import type { Credentials, ScramHash, ScramKeys } from "../ports/store.ts";

const HASHES: readonly ScramHash[] = ["SHA-1", "SHA-256", "SHA-512"];

/** Credentials as the text that a store keeps. */
export function encodeCredentials(credentials: Credentials): string {
  const parts = HASHES.flatMap((hash) => {
    const keys = credentials[hash];
    if (keys === undefined) return [];
    const { salt, iterations, storedKey, serverKey } = keys;
    const binary = [salt, storedKey, serverKey].map((key) => Buffer.from(key).toString("base64"));
    return [[hash, [iterations, ...binary]]];
  });
  return JSON.stringify(Object.fromEntries(parts));
}

/** Credentials from what `encodeCredentials` made. @throws SyntaxError or TypeError where it is something else */
export function decodeCredentials(text: string): Credentials {
  const parts: unknown = JSON.parse(text);
  if (typeof parts !== "object" || parts === null) throw new TypeError("stored credentials are not an object");
  const credentials: Partial<Record<ScramHash, ScramKeys>> = {};
  for (const [hash, keys] of Object.entries(parts)) {
    const known = HASHES.find((name) => name === hash);
    if (known !== undefined) credentials[known] = decodeKeys(keys);
  }
  return credentials;
}

function decodeKeys(keys: unknown): ScramKeys {
  const [iterations, ...binary] = Array.isArray(keys) ? keys : [];
  const [salt, storedKey, serverKey] = binary.map((key) => Buffer.from(String(key), "base64"));
  if (typeof iterations !== "number" || salt === undefined || storedKey === undefined || serverKey === undefined) {
    throw new TypeError("stored SCRAM keys are not whole");
  }
  return { salt, iterations, storedKey, serverKey };
}
