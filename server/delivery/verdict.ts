// What a stage may say of a stanza.
import type { ErrorDetails, StanzaErrorCondition } from "../../xmpp/stanza/error.ts";
import type { Fate } from "../../xmpp/stanza/safety.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { Verdict } from "../ports/stages.ts";

export type { Verdict };

/** The stanza goes on as it is. */
export const pass: Verdict = { kind: "pass" };

/** The stage has taken the stanza over, and says what became of it; it goes no further. */
export function handled(fate: Fate): Verdict {
  return { kind: "handled", fate };
}

/** The stage has taken presence or an IQ over: nobody waits for those. */
export const taken: Verdict = handled("no message");

/** Another stanza goes on in its place. */
export function replace(stanza: Stanza): Verdict {
  return { kind: "replace", stanza };
}

/** The stanza stops here and its sender gets an error, where its kind allows one. */
export function reject(condition: StanzaErrorCondition, details: string | ErrorDetails = {}): Verdict {
  return { kind: "reject", condition, details: typeof details === "string" ? { text: details } : details };
}
