// Where a stream of another server stands: what decides on what is offered on it. RFC 6120 §4.3.2.
import type { Receiving } from "../../xmpp/negotiation/feature.ts";
import type { Policy } from "../way/policy.ts";

/** Where a stream stands. */
export interface Standing extends Receiving {
  readonly policy: Policy;
  readonly encrypted: boolean;
  /** There is a certificate to offer TLS with. */
  readonly canEncrypt: boolean;
  /** The peer's certificate proves the domain of its header. */
  readonly external: boolean;
  readonly maxBytes: number;
  readonly idleSeconds: number;
}
