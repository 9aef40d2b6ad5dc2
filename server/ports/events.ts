// Events of a virtual host, with what each carries to its observers.
import type { Jid } from "../../xmpp/jid/jid.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { ClientSession, OwnSession, SessionElsewhere } from "./session.ts";

/** Events with what each carries. */
export interface HostEvents {
  /** A resource was bound. */
  "session.bound": { readonly session: OwnSession };
  /** A session sent initial presence. RFC 6121 §4.2. */
  "session.available": { readonly session: OwnSession };
  /** A session sent presence of non-negative priority and had not before: messages to the bare JID may go to it. */
  "session.receptive": { readonly session: OwnSession };
  /** The same is known of a session that another node holds; again with each change of it. */
  "session.receptive elsewhere": { readonly session: SessionElsewhere };
  /**
   * Another node is gone with what it alone knew, or this one heard nothing of the others for a while: whatever others
   * would have told of the sessions here is to be looked for.
   */
  "knowledge.lost": Record<string, never>;
  /** An available session sent unavailable presence, or ended; subscribers were told. RFC 6121 §4.5. */
  "session.unavailable": { readonly session: ClientSession };
  /** A message was written to these sessions of an account of ours. */
  "message.delivered": {
    readonly stanza: Stanza;
    readonly account: string;
    readonly takers: readonly ClientSession[];
  };
  /** A session is gone; `last` is the unavailable presence it owes, where it was available. */
  "session.ended": { readonly session: ClientSession; readonly last: Stanza | undefined };
  /**
   * An account of this host was made, at whatever node; every node is told, so that none serves a name's new owner with
   * what it keeps in memory of the old one. Lost where a node hears nothing of the others for a while.
   */
  "account.created": { readonly account: Jid };
  /**
   * An account of this host was removed, at whatever node; every node is told, as of `account.created`. What is to be done
   * once, and before the account is gone, is for `beforeRemoval`.
   */
  "account.deleted": { readonly account: Jid };
  /** An account of any host, removed at any node, is nobody's contact any more. */
  "contact.departed": { readonly contact: Jid };
}
