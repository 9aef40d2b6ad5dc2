// Which sessions of an account were given one message, where it was more than one. RFC 6121 §8.5.2.1.1.
import { NoteKey } from "../../xmpp/stanza/stanza.ts";

/** Full JIDs, in one order at every node. */
export const takersKey = new NoteKey<readonly string[]>("takers");
