// When a stanza reached its account, for what is kept and delivered later. XEP-0203.
import type { Stanza } from "./stanza.ts";

/** Notes the time, ms since the epoch, unless it is known already. A field, since each message is given one. */
export function noteArrival(stanza: Stanza, at: number): void {
  stanza.arrival ??= at;
}

/** When the stanza came; undefined for one that was never held. */
export function arrivalOf(stanza: Stanza): number | undefined {
  return stanza.arrival;
}
