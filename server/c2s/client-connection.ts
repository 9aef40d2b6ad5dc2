// A client's connection as the features of its stream see it. RFC 6120 §4.3 to §7.
import type { Logger } from "pino";
import type { Jid } from "../../xmpp/jid/jid.ts";
import type { XmppStream } from "../../xmpp/stream/stream.ts";
import type { ClientHost } from "../ports/host.ts";
import type { ClientStream, StreamFeature } from "../ports/stream.ts";
import type { C2sContext, OpenConnection } from "./context.ts";
import type { C2sSession } from "./session.ts";

/** A connection that is negotiated. */
export interface ClientConnection extends ClientStream, OpenConnection {
  readonly context: C2sContext;
  readonly stream: XmppStream;
  readonly log: Logger;
  /** Set by the first header; a later one cannot change it. */
  readonly host: ClientHost | undefined;
  claims: Jid | undefined;
  session: C2sSession | undefined;
  /** SASL names that were offered last, for downgrade protection. */
  offeredMechanisms: readonly string[];
  /** Called by a mechanism that succeeded: the stream belongs to the account from now on. */
  authenticatedAs(account: Jid): void;
  /** Sends the features of the stream's present state. */
  sendFeatures(): void;
}

/** A feature of our own, which sees all of the connection. */
export type C2sFeature = StreamFeature<ClientConnection>;
