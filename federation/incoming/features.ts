// Who takes the elements of each feature on an incoming stream. RFC 6120 §4.3.
import type { HandledFeature } from "../../xmpp/negotiation/feature.ts";
import { BIDI } from "../negotiation/bidi.ts";
import { DIALBACK } from "../negotiation/dialback.ts";
import { EXTERNAL } from "../negotiation/external.ts";
import { MANAGEMENT } from "../negotiation/management.ts";
import { STARTTLS } from "../negotiation/starttls.ts";
import { acceptDialback } from "./dialback.ts";
import { acceptManagement } from "./management.ts";
import type { IncomingObserver } from "./observer.ts";
import { acceptSasl, acceptStartTls } from "./prove.ts";
import type { IncomingStream } from "./stream.ts";

/** An incoming stream, and whoever keeps account of them. */
export interface Observed extends IncomingStream {
  readonly observer: IncomingObserver;
}

/** The features of the table that a peer asks for, those first whose elements come often. */
export const HANDLED: readonly HandledFeature<Observed>[] = [
  { ...MANAGEMENT, handle: (stream, raw) => acceptManagement(stream, stream.observer.resumable, raw) },
  { ...DIALBACK, handle: (stream, raw) => acceptDialback(stream, raw, stream.observer) },
  { ...STARTTLS, handle: acceptStartTls },
  { ...EXTERNAL, handle: acceptSasl },
  { ...BIDI, handle: ({ reverse, policy }, raw) => reverse.accept(raw, policy.bidirectional) },
];
