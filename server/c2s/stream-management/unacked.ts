// What was sent and not acknowledged yet: counted, kept in order, bounded. XEP-0198 §4.
import type { Safety } from "../../stanza/safety.ts";
import type { Sent } from "../../stanza/sent.ts";
import type { Stanza } from "../../stanza/stanza.ts";

/** One stanza that the client has not acknowledged. */
export interface Kept {
  readonly stanza: Stanza;
  /** Held until the client has it or the store has; undefined where nobody waits for that. */
  safety: Safety | undefined;
  /** Its id in the store of held messages, once it is there; 0 while it is on its way. */
  stored: number | undefined;
  /** True once the client acknowledged it, or it went elsewhere. */
  gone: boolean;
}

/** A stanza to be kept; whoever waits for its safety waits for this. */
export function keptOf(stanza: Stanza): Kept {
  return { stanza, safety: stanza.safety?.hold(), stored: undefined, gone: false };
}

/** The unacknowledged stanzas of one session. */
export type Unacked = Sent<Kept>;

/** True for an error: it is for the session alone that it answers; stored, it would go nowhere once that is over. */
export function isError({ stanza }: Kept): boolean {
  return stanza.type === "error";
}
