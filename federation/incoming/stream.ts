// What the steps of an incoming stream (TLS, SASL, dialback, stream management) see of it, and may do to it.
import type { XmppStream } from "../../xmpp/stream/stream.ts";
import type { Carrier } from "../carrying/carrier.ts";
import type { Gate } from "../carrying/gate.ts";
import type { Ledger } from "../carrying/ledger.ts";
import type { Sender } from "../carrying/sender.ts";
import type { Pair } from "../outgoing/pair.ts";
import type { FederationContext } from "../way/context.ts";
import type { Policy } from "../way/policy.ts";
import type { Way } from "../way/way.ts";
import type { AuthorisedDomains, Proof } from "./authorised-domains.ts";
import type { ReverseWay } from "./reverse-way.ts";
import type { Verdicts } from "./verdicts.ts";

/** A place among streams or verifications that are bounded. */
export interface Slot {
  /** Gives it back; more than once is harmless. */
  release(): void;
}

/** What outlives the connection of a stream that may be resumed. */
export interface Resumable {
  /** Names it to whoever resumes it; unguessable. */
  readonly id: string;
  /** The connection broke: waits to be resumed. `pairs` went over it, and `ledger` is what they have under way. */
  suspend(ledger: Ledger<Sender> | undefined, pairs: Pair[]): void;
  /** Our stanzas wait for the peer no longer. */
  letGo(): void;
}

/** An incoming stream as its steps see it. */
export interface IncomingStream {
  readonly context: FederationContext;
  readonly stream: XmppStream;
  /** What it is proven for. */
  readonly domains: AuthorisedDomains;
  readonly gate: Gate;
  readonly reverse: ReverseWay;
  readonly verdicts: Verdicts;
  managed: Resumable | undefined;
  /** Id of the present stream; dialback keys are bound to it. */
  readonly id: string;
  /** Domain pairs whose dialback keys are being verified. */
  readonly verifying: Set<string>;
  /** Our domain as its header names it. */
  readonly local: string | undefined;
  /** The peer's domain as its header names it, or SASL proved it. */
  remote: string | undefined;
  /** Our stanzas' way over this stream, where it is bidirectional and proven. */
  readonly carrier: Carrier | undefined;
  /** What holds for the domain that the peer says it is. */
  readonly policy: Policy;
  /** The peer is proven on that way; false where stream or domain has as many as it may. */
  authorise(way: Way, method: Proof): boolean;
  /** Something a peer wanted was refused: told to the operator, by whatever names the peer gave. */
  refused(what: string, condition: string | undefined, reason: string): void;
  /** A place to verify a dialback key in; undefined where its network has too many. */
  placeForVerification(): Slot | undefined;
  /** Another stream goes on in place of this one, which ends; returns the pairs that went over it. */
  detach(): Pair[];
  /** Policy changed: what it would not let in now has to prove itself anew. */
  policyChanged(): void;
  crashed(error: unknown): void;
}
