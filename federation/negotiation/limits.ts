// Stream limits between servers: told in the features, and taken from the peer's without a request. XEP-0478.
import { limitsText } from "../../xmpp/negotiation/limits.ts";
import type { S2sFeature } from "./entry.ts";

export const LIMITS: S2sFeature = {
  name: "stream limits",
  informs: true,
  advertise: ({ maxBytes, idleSeconds }) => limitsText(maxBytes, idleSeconds),
};
