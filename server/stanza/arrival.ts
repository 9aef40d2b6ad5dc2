// When a stanza reached its account, for what is kept and delivered later. XEP-0203.
import { NoteKey, type Stanza } from "./stanza.ts";

const arrivalKey = new NoteKey<number>("arrival");

/** Notes the time, ms since the epoch, unless it is known already. */
export function noteArrival(stanza: Stanza, at: number): void {
  if (stanza.note(arrivalKey) === undefined) stanza.setNote(arrivalKey, at);
}

/** When the stanza came; undefined for one that was never held. */
export function arrivalOf(stanza: Stanza): number | undefined {
  return stanza.note(arrivalKey);
}
