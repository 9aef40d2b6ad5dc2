// What the presence module offers to those that need it: whom a session showed itself to by directed presence.
import { ApiKey } from "../../module/define.ts";
import type { ClientSession, OwnSession } from "../../ports/session.ts";

/** Receivers of directed presence. RFC 6121 §4.6. */
export interface DirectedPresence {
  /** Full or bare JIDs that a session showed itself to, at whatever node it is. */
  of(session: ClientSession): ReadonlySet<string>;
  /** Forgets some of them, who will not be told of its end by it; answers which those were. */
  forget(session: OwnSession, which: (address: string) => boolean): readonly string[];
}

/** What the presence module offers to others. */
export const directedApi = new ApiKey<DirectedPresence>("directed presence");
