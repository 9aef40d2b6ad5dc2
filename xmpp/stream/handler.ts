// What a stream tells its owner, how it may end, and its bounds.

import type { Clock } from "../clock.ts";
import type { TokenBucket } from "../token-bucket.ts";
import type { RawElement } from "../xml/raw-element.ts";
import type { StreamHeader, XmlLimits } from "../xml/tokenizer.ts";
import type { StreamError } from "./error.ts";
import type { HeaderOut } from "./header.ts";
import type { Stint } from "./stint.ts";

/** How a stream ended. */
export type StreamEnd =
  /** Both sides closed, or the peer closed in order. `read`: behind us, so that it has read all we sent. RFC 6120 §4.4. */
  | { readonly kind: "closed"; readonly read?: boolean }
  /** We ended it with a stream error. */
  | { readonly kind: "failed"; readonly error: StreamError }
  /** The peer ended it with a stream error. */
  | { readonly kind: "peer-error"; readonly error: StreamError }
  /** The connection broke. */
  | { readonly kind: "broken"; readonly cause: Error | undefined };

/** What a stream tells its owner. */
export interface StreamHandler {
  /** The peer opened (or restarted) the stream. */
  opened(header: StreamHeader): void | Promise<void>;
  /** A complete child of the stream. A promise stops reading until it settles. */
  element(raw: RawElement): void | Promise<void>;
  /** The stream is over; comes once, and nothing after it. */
  ended(end: StreamEnd): void;
  /** Header to answer with where an error comes before ours was sent. RFC 6120 §4.9.1.2. */
  defaultHeader(): HeaderOut;
  /** A handler of ours failed; the stream is ended with `internal-server-error`. */
  crashed(error: unknown): void;
  /** What waited for a slow peer has been taken by the kernel. */
  drained?(): void;
}

/** Bounds of a stream at one time of its life. */
export interface Limits {
  readonly xml: XmlLimits;
  /** Bytes a second, and at once. */
  readonly bytesPerSecond: number;
  readonly burstBytes: number;
  /** ms of the node's time a second that its stanzas may cost on average; twice as many at once. */
  readonly workPerSecond: number;
  /** What this stream and others of one owner may cost together, in ms; undefined for a stream of nobody yet. */
  readonly workTogether?: TokenBucket;
  /** What they may take of one turn together; undefined for a stream of nobody yet, which has its own. */
  readonly stint?: Stint;
  /** Bytes that may wait for a peer that does not read. */
  readonly backlogBytes: number;
  /** Elements allowed in this state; undefined for any number. */
  readonly elements?: number;
}

/** What a stream is made with beside its transport. */
export interface StreamParts {
  /** `jabber:client` or `jabber:server`. RFC 6120 §4.8.2. */
  readonly contentNamespace: string;
  /** Those of its beginning. */
  readonly limits: Limits;
  readonly clock: Clock;
  readonly handler: StreamHandler;
}
