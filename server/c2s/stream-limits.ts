// Tells clients the limits of their stream. XEP-0478.
import type { C2sFeature } from "./client-connection.ts";

const NS_STREAM_LIMITS = "urn:xmpp:stream-limits:0";

/** The feature, in both phases, since the limits differ. */
export const streamLimitsFeatures: readonly C2sFeature[] = [
  {
    name: "stream limits before authentication",
    phase: "before authentication",
    advertise: ({ context: { limits } }) => limitsText(limits.preAuthBytes),
  },
  {
    name: "stream limits",
    phase: "after authentication",
    advertise: ({ context: { limits } }) => limitsText(limits.stanzaBytes),
  },
];

function limitsText(maxBytes: number): string {
  return `<limits xmlns='${NS_STREAM_LIMITS}'><max-bytes>${maxBytes}</max-bytes></limits>`;
}
