// Which stanzas may be sent again when nobody knows whether they arrived, and which of them is what ends the streams.
import { NoteKey, type Stanza } from "../../xmpp/stanza/stanza.ts";

/** The stanza was on a stream that ended, and is sent once more. */
const RESENT = new NoteKey<boolean>("s2s resent");
/** Streams that ended while it alone was under way. */
const SUSPECTED = new NoteKey<number>("s2s suspected");

/** Streams that may end on one stanza: where the peer blames what it read, and where the connection breaks. */
const TRIES = { blamed: 2, broken: 3 } as const;

/** A request done twice may do harm, and its sender waits for an answer anyway; anything else may come twice. */
export function mayBeResent({ kind, type }: Stanza): boolean {
  return kind !== "iq" || (type !== "get" && type !== "set");
}

/** Marks it; true where it was sent again before. */
export function wasResent(stanza: Stanza): boolean {
  const before = stanza.note(RESENT) === true;
  stanza.setNote(RESENT, true);
  return before;
}

/** A stream ended while it alone was under way, by the peer's blame or not: true where that happened too often. */
export function endsStreams(stanza: Stanza, blamed: boolean): boolean {
  const tries = (stanza.note(SUSPECTED) ?? 0) + 1;
  stanza.setNote(SUSPECTED, tries);
  return tries >= (blamed ? TRIES.blamed : TRIES.broken);
}
