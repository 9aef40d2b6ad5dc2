// A session and the connection that carries it, as stream management sees both. XEP-0198.
import type { XmppStream } from "../../../xmpp/stream/stream.ts";
import type { SessionHost } from "../../ports/host.ts";
import type { ClientSession, OwnSession } from "../../ports/session.ts";
import type { LatestPresence } from "./latest-presence.ts";
import type { Kept } from "./unacked.ts";

/** What carries a session. */
export interface Carrier {
  readonly stream: XmppStream;
  session: CarriedSession | undefined;
}

/** A session of this node. */
export interface CarriedSession extends OwnSession {
  readonly host: SessionHost;
  /** Undefined while no stream carries it. */
  connection: Carrier | undefined;
  /** Its stream management, once enabled. */
  readonly sm: Managed | undefined;
  /** Another stream carries it from now on. */
  attach(carrier: Carrier): void;
  /** It goes on at another node, where `there` stands for it. */
  moved(there: ClientSession): void;
  /** The client took something: whoever waits may look again. */
  progressed(): void;
}

/** What is asked of a session's stream management from outside. */
export interface Managed {
  /** Stanzas that wait for the client's word. */
  readonly waiting: number;
  /** What the client has not acknowledged, in order. */
  readonly outstanding: readonly Kept[];
  readonly window: { readonly latest: LatestPresence };
  /** The client's word is wanted soon. */
  ask(): void;
}

/** A session of this node; undefined for one that another node holds. */
export function carried(session: ClientSession): CarriedSession | undefined {
  return session.remote ? undefined : (session as CarriedSession);
}
