// SCRAM downgrade protection: the hash of what this server offered, told under the password's signature. XEP-0474 §5.
import type { ScramHash } from "../ports/store.ts";
import { digest } from "./scram-keys.ts";

/**
 * Attribute `h` of server-first-message. `bindings` are the types announced by XEP-0440, empty where none were: then
 * the feature was not sent. XEP-0474 §5.1.
 */
export function downgradeHash(hash: ScramHash, mechanisms: readonly string[], bindings: readonly string[]): string {
  let text = joined(mechanisms);
  if (bindings.length > 0) text += `\x1f${joined(bindings)}`;
  return digest(hash, text).toString("base64");
}

/** Sorted by octets (RFC 4790 §9.3), which for ASCII is what JavaScript does, and joined by %x1E. */
function joined(names: readonly string[]): string {
  return [...names].sort().join("\x1e");
}
