// Tells clients the limits of their stream. XEP-0478.
import { limitsText } from "../../xmpp/negotiation/limits.ts";
import type { C2sFeature } from "./client-connection.ts";

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
