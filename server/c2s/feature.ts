// Stream negotiation as data: what a feature says in <stream:features/> and what it does with its elements.
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import type { C2sConnection } from "./connection.ts";

/** When a feature is offered. */
export type FeaturePhase = "before authentication" | "after authentication";

/** A feature of client streams. RFC 6120 §4.3.2. */
export interface StreamFeature {
  readonly name: string;
  readonly phase: FeaturePhase;
  /** Its text in the features, declaring its namespace; undefined where it is not offered now. */
  advertise(connection: C2sConnection): string | undefined;
  /** Elements of this namespace come to `handle`, in whatever state; it checks the state itself. */
  readonly xmlns?: string;
  /** True for a stanza that the feature takes although nothing is bound yet. */
  accepts?(connection: C2sConnection, raw: RawElement): boolean;
  handle?(connection: C2sConnection, raw: RawElement): void | Promise<void>;
}
