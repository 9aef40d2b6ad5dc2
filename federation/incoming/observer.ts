// What an incoming session tells to, and asks of, whoever keeps account of them.
import type { Verifications } from "../dialback/verifications.ts";
import type { Pair } from "../outgoing/pair.ts";
import type { ResumableStreams } from "./management.ts";

/** Told by a session to who keeps account of them. */
export interface IncomingObserver {
  readonly resumable: ResumableStreams;
  /** A remote domain proved itself. */
  authenticated(remote: string): void;
  /** The pair that a bidirectional stream may carry. */
  pair(from: string, to: string): Pair;
  /** Questions about dialback keys over a stream of ours to a remote domain. */
  verifications(domain: string): Verifications | undefined;
}
