// What an end of a stream means for what comes next: pure decisions. RFC 6120 §4.9.3.

import { describeEnd, StreamEnded } from "../../xmpp/negotiation/dialogue.ts";
import type { StreamEnd } from "../../xmpp/stream/stream.ts";
import { OutgoingFailure } from "../way/progress.ts";

/** ms before the first new attempt after a peer said that it cannot go on for now; the real time is drawn below it. */
const PAUSE = 3_000;

/** Why stanzas on their way may not have arrived. */
export interface Loss {
  /** The peer ended the stream and may have done so for something it read there. */
  readonly blames: boolean;
  /** The peer proved by nothing that it is alive: to send it all again would not either, and its senders are told. */
  readonly unproven?: boolean;
}

/** What a peer ends a stream with that is its own affair, or the stream's, and no stanza's fault. RFC 6120 §4.9.3. */
const BLAMELESS: ReadonlySet<string> = new Set([
  ...["reset", "see-other-host", "system-shutdown", "conflict", "connection-timeout", "host-gone", "host-unknown"],
  ...["remote-connection-failed", "resource-constraint"],
]);

/** Judges whether a stanza may be what the peer ended a stream for. */
export function lossOf(end: StreamEnd): Loss {
  return { blames: end.kind === "peer-error" && !BLAMELESS.has(end.error.condition) };
}

/** ms below which the time of the next attempt is drawn, after a stream that carried stanzas has ended. */
export function pauseBelow(end: StreamEnd): number {
  // One stanza's fault is no reason to wait with the others.
  if (end.kind !== "peer-error" || lossOf(end).blames) return 0;
  switch (end.error.condition) {
    // The peer wants a new stream at once, there or elsewhere. RFC 6120 §4.9.3.16, §4.9.3.19.
    case "reset":
    case "see-other-host":
      return 0;
    // `conflict`: another stream took its place; `system-shutdown`: it will be back; the others need a moment's peace.
    default:
      return PAUSE;
  }
}

/** Judges why an attempt failed. */
export function failureOf(error: unknown, to: string): OutgoingFailure {
  if (error instanceof OutgoingFailure) return error;
  if (!(error instanceof StreamEnded)) {
    const reason = error instanceof Error ? error.message : String(error);
    return new OutgoingFailure("remote-server-timeout", reason);
  }
  const { end } = error;
  const reason = `${to}: ${describeEnd(end)}`;
  if (end.kind !== "peer-error") return new OutgoingFailure("remote-server-timeout", reason);
  switch (end.error.condition) {
    case "host-unknown":
    case "host-gone":
      return new OutgoingFailure("remote-server-not-found", reason);
    case "not-authorized":
    case "invalid-from":
      return new OutgoingFailure("remote-server-timeout", reason, "pair");
    default:
      return new OutgoingFailure("remote-server-timeout", reason);
  }
}
