// The port through which a session comes from another node of the cluster. XEP-0198 §5.
import type { Jid } from "../../../xmpp/jid/jid.ts";
import type { ServedHost } from "../../ports/host.ts";
import type { Carrier } from "./carried.ts";

/** The connection of a client that came here. */
export interface ComingConnection extends Carrier {
  readonly account: Jid | undefined;
  readonly host: ServedHost | undefined;
}

/** Brings sessions here whose clients came here. */
export interface Handover {
  /**
   * Brings the session that `previd` names, where the connection's account owns it and its node lives: afterwards this
   * node's resumable sessions have it. Answers how many stanzas were handled of one that died with its node, if known.
   */
  fetch(connection: ComingConnection, previd: string): Promise<number | undefined>;
}
