// What was sent and not acknowledged yet: counted, kept in order, bounded. XEP-0198 §4.

import type { Sent } from "../../../xmpp/management/sent.ts";
import type { Safety } from "../../../xmpp/stanza/safety.ts";
import type { Stanza } from "../../../xmpp/stanza/stanza.ts";
import type { HeldKey } from "../../held/port.ts";

/** One stanza that the client has not acknowledged. */
export interface Kept {
  readonly stanza: Stanza;
  /** Held until the client has it or the store has; undefined where nobody waits for that. */
  safety: Safety | undefined;
  /** Names it in the store of held messages, from when it was first given there. */
  key: HeldKey | undefined;
  /** True where it is there, or on its way. */
  stored: boolean;
  /** True once the client acknowledged it, or it went elsewhere. */
  gone: boolean;
  /** True once it was written to a stream. */
  written: boolean;
  /** True where the end of the last stream that it was written to has been counted against it. */
  blamed: boolean;
  /** True once another session of the account was given it: it is not repeated to this one. */
  lent: boolean;
}

/** A stanza to be kept; whoever waits for its safety waits for this. */
export function keptOf(stanza: Stanza): Kept {
  const safety = stanza.safety?.hold();
  return { stanza, safety, key: undefined, stored: false, gone: false, written: false, blamed: false, lent: false };
}

/** True where the store has said that it has it: nobody waits for its safety any more. */
export function isStored({ key, stored, safety }: Kept): boolean {
  return key !== undefined && stored && safety === undefined;
}

/** The unacknowledged stanzas of one session. */
export type Unacked = Sent<Kept>;

/** True for an error: it is for the session alone that it answers; stored, it would go nowhere once that is over. */
export function isError({ stanza }: Kept): boolean {
  return stanza.type === "error";
}
