// The port through which a session comes from another node of the cluster. XEP-0198 §5.
import type { C2sConnection } from "../connection.ts";

/** Brings sessions here whose clients came here. */
export interface Handover {
  /**
   * Brings the session that `previd` names, where the connection's account owns it and its node lives: afterwards this
   * node's resumable sessions have it. Answers how many stanzas were handled of one that died with its node, if known.
   */
  fetch(connection: C2sConnection, previd: string): Promise<number | undefined>;
}
