// Whether a stanza is larger than a peer takes. XEP-0478 §4.
import type { Stanza } from "../../xmpp/stanza/stanza.ts";

/**
 * True where the stanza has more bytes than that. Characters tell enough unless the limit is near: a character has one to
 * three bytes for each UTF-16 unit.
 */
export function exceeds(stanza: Stanza, maxBytes: number): boolean {
  const text = stanza.text();
  if (text.length > maxBytes) return true;
  return text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes;
}
