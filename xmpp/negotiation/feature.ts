// A stream feature as data, for both sides: when it is offered, when and how it is taken, what follows. RFC 6120 §4.3.
import type { Element } from "ltx";
import type { RawElement } from "../xml/raw-element.ts";

/** What holds of a feature on both sides. */
export interface FeatureFacts {
  readonly name: string;
  /** Namespace of the elements that negotiate it; undefined where nothing is negotiated. */
  readonly xmlns?: string;
  /** The stream begins anew once it is agreed on. RFC 6120 §4.3.3. */
  readonly restarts?: boolean;
}

/** When a feature is offered. */
export type FeaturePhase = "before authentication" | "after authentication";

/** What the receiving entity's side looks at of a stream, whatever else it knows of it. */
export interface Receiving {
  /** True once the peer has proven who it is. */
  readonly authenticated: boolean;
}

/** The receiving entity's half of a feature; `R` is what it sees of a stream. RFC 6120 §4.3.2. */
export interface OfferedFeature<R extends Receiving> extends FeatureFacts {
  /** Undefined: in both. */
  readonly phase?: FeaturePhase;
  /** It only tells something (XEP-0478), and may stand beside what is mandatory. */
  readonly informs?: boolean;
  /** Its text in the features, declaring its namespace; undefined where it is not offered now. */
  advertise(stream: R): string | undefined;
  /** True where, offered, it comes before all else: nothing to be negotiated is offered beside it. RFC 6120 §5.3.1. */
  mandatory?(stream: R): boolean;
}

/** Who takes a feature's elements at the receiving entity. */
export interface HandledFeature<R> {
  /** Elements of this namespace come to `handle`, in whatever state; it checks the state itself. */
  readonly xmlns?: string;
  handle?(stream: R, raw: RawElement): void | Promise<void>;
}

/** What an element of the peer's says of a request. */
export type Answer = "agreed" | "refused";

/** What the initiating entity's side needs of a stream, whatever else it knows of it. */
export interface Initiating {
  /** The peer's last features; undefined where it is older than XMPP 1.0, or they are still to come. */
  readonly features: Element | undefined;
  send(text: string): void;
  /** The peer's next element. @throws where the stream ends first */
  nextElement(): Promise<RawElement>;
  /** Begins a stream: our header, the peer's, its features. RFC 6120 §4.3.2, §4.3.3. */
  open(): Promise<void>;
}

/** The initiating entity's half of a feature; `I` is what it sees of a stream. */
export interface RequestedFeature<I extends Initiating> extends FeatureFacts {
  /** True where it is to be asked for on the stream as it is now; that it was offered is looked at here. */
  wanted(stream: I): boolean;
  /** What asks for it; undefined where that was sent ahead of the offer (XEP-0305). */
  request(stream: I): string | undefined;
  /**
   * What an element of the peer's answers; undefined where it is no answer. A feature without this has none: what comes
   * next is asked for at once. @throws where after a refusal nothing is left to try
   */
  answer?(stream: I, raw: RawElement): Answer | undefined;
  /** It is agreed on; called before the stream begins anew. */
  agreed?(stream: I): void | Promise<void>;
}

/** One entry of a table for both sides; a feature that only informs has no initiating half. */
export type StreamFeature<R extends Receiving, I extends Initiating> = OfferedFeature<R> & Partial<RequestedFeature<I>>;

/** A feature's element among those that the peer offers. */
export function offered({ features }: Pick<Initiating, "features">, name: string, xmlns: string): Element | undefined {
  return features?.getChild(name, xmlns);
}
