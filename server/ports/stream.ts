// A client's stream as its features see it.
import type { FeaturePhase, HandledFeature, OfferedFeature } from "../../xmpp/negotiation/feature.ts";
import type { XmppStream } from "../../xmpp/stream/stream.ts";
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import type { OwnSession } from "./session.ts";

/** A client's stream while it is negotiated. */
export interface ClientStream {
  readonly stream: Pick<XmppStream, "send" | "sendStanza" | "fail" | "transport">;
  /** The session once a resource is bound. */
  readonly session: OwnSession | undefined;
  /** True once SASL succeeded. */
  readonly authenticated: boolean;
  /** True where the stream must be encrypted first, and is not. */
  readonly tlsMissing: boolean;
}

/** A feature of client streams; `S` is what it sees of them. RFC 6120 §4.3.2. */
export interface StreamFeature<S extends ClientStream = ClientStream> extends OfferedFeature<S>, HandledFeature<S> {
  readonly phase: FeaturePhase;
  /** True for a stanza that the feature takes although nothing is bound yet. RFC 6120 §7. */
  accepts?(connection: S, raw: RawElement): boolean;
}

/** A feature that a client may ask for while binding. XEP-0386 §3.2. */
export interface InlineBindFeature {
  /** Namespace of the request, which is also what is announced. */
  readonly xmlns: string;
  /** Name of the request: what has another one in that namespace asks for something else. */
  readonly name: string;
  /** Switches it on for the session that was just bound. */
  request(session: OwnSession): void;
}
