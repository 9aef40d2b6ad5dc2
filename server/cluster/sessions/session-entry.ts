// A session as other nodes know it: what the registry keeps and tells.
import type { ClientSession } from "../../ports/session.ts";

/** One session, as data. */
export interface SessionEntry {
  readonly jid: string;
  /** Presence as stanza text; absent while unavailable. It carries the client's capabilities. */
  readonly presence?: string;
  readonly priority: number;
  readonly interested: boolean;
  /** True where it waits to be resumed. */
  readonly waiting: boolean;
  /** Facts that modules share between nodes, by name. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** When it was bound, ms since the epoch. */
  readonly since: number;
  readonly address: string;
}

/** The entry of a session of ours. */
export function entryOf(session: ClientSession, moving = false): SessionEntry {
  const presence = session.presence?.text();
  return {
    jid: session.jid.full,
    ...(presence === undefined ? {} : { presence }),
    priority: session.priority,
    interested: session.interested,
    waiting: session.waiting,
    facts: session.remote ? {} : session.sharedFacts(moving),
    since: session.since,
    address: session.remoteAddress,
  };
}
