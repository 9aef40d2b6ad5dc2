// Preparation of passwords before they become keys: SASLprep, as SCRAM asks. RFC 5802 §2.2, RFC 4013.
import { PasswordError } from "../ports/account-errors.ts";

/** Most bytes a password may have. */
export const MAX_PASSWORD_BYTES = 1024;

/**
 * Prepares a password. Code points newer than Unicode 3.2 are allowed (RFC 3454 §7 "query"), so that a password may
 * hold an emoji; clients prepare theirs in the same way. @throws PasswordError
 */
export async function preparePassword(text: string): Promise<string> {
  const bytes = Buffer.byteLength(text);
  if (bytes === 0) throw new PasswordError("a password must not be empty");
  if (bytes > MAX_PASSWORD_BYTES) throw new PasswordError(`a password has at most ${MAX_PASSWORD_BYTES} bytes`);
  if (/^[\x20-\x7e]+$/.test(text)) return text;
  const { saslprep } = await import("@mongodb-js/saslprep"); // its tables take 17 ms to load; few ever need them
  let prepared = "";
  try {
    prepared = saslprep(text, { allowUnassigned: true });
  } catch {
    // Told below, as for a text of which nothing is left.
  }
  if (prepared === "") throw new PasswordError("a password must not hold control or private characters (RFC 4013)");
  return prepared;
}
