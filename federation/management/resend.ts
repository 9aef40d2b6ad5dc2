// Which stanzas may be sent again when nobody knows whether they arrived: once, and no requests.
import { NoteKey, type Stanza } from "../../server/index.ts";

/** The stanza was sent on a stream that broke, and is sent once more. */
const RESENT = new NoteKey<boolean>("s2s resent");

/** A request done twice may do harm, and its sender waits for an answer anyway; anything else may come twice. */
export function mayBeResent(stanza: Stanza): boolean {
  if (stanza.kind === "iq" && (stanza.type === "get" || stanza.type === "set")) return false;
  return stanza.note(RESENT) !== true;
}

/** Marks it, so that one that ends every stream it is sent on is given back. */
export function wasResent(stanza: Stanza): Stanza {
  stanza.setNote(RESENT, true);
  return stanza;
}
