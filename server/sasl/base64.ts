// SASL data between XML text and bytes: strict base64 with a bound. RFC 6120 §6.4.2, §13.9.1.
import type { SaslFailure } from "./mechanism.ts";

/** Most bytes one SASL message may have once decoded; a JWT as PLAIN password fits. */
export const MAX_SASL_BYTES = 8192;

const EMPTY = Buffer.alloc(0);
const TOO_LONG: SaslFailure = { kind: "failure", condition: "malformed-request", text: "message too long" };
const INCORRECT: SaslFailure = { kind: "failure", condition: "incorrect-encoding" };

/**
 * Decodes the text of `<auth/>`, `<response/>` or `<initial-response/>`. "" and "=" are both the empty message
 * (RFC 6120 §6.4.2). A message that is too long, or not base64 to the letter, is the failure to send.
 */
export function decodeSaslData(text: string): Buffer | SaslFailure {
  if (text === "" || text === "=") return EMPTY;
  if (text.length > Math.ceil(MAX_SASL_BYTES / 3) * 4) return TOO_LONG;
  return strictBase64(text) ?? INCORRECT;
}

/** As `decodeSaslData`, with undefined for either failure. */
export function decodeBase64(text: string): Buffer | undefined {
  const data = decodeSaslData(text);
  return Buffer.isBuffer(data) ? data : undefined;
}

/** Encodes data for `<challenge/>`, `<success/>` or `<additional-data/>`. An empty challenge is an empty element. */
export function encodeSaslData(data: Buffer): string {
  return data.toString("base64");
}

/** Decodes canonical base64 (RFC 4648 §4: no white space, padding in place, no stray bits), or undefined. */
export function strictBase64(text: string): Buffer | undefined {
  if (text.length % 4 !== 0) return undefined;
  const data = Buffer.from(text, "base64");
  return data.toString("base64") === text ? data : undefined;
}
