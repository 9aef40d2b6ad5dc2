// Bounds of a client stream before and after authentication, from the node's configuration.

import type { StreamLimits } from "../../contract/limits.ts";
import { FROM_CLIENTS } from "../../xmpp/bounds.ts";
import type { Limits } from "../../xmpp/stream/stream.ts";
import { DEFAULT_XML_LIMITS, stanzaLimits } from "../../xmpp/xml/limits.ts";

/** ms of the node's time a second for one stream: many of its clients together are to be heard beside it. */
const WORK_BEFORE = 100;
const WORK = 250;

/** Before authentication: RFC 6120 §13.12 gives 10,000 bytes as the least. */
export function limitsBeforeAuthentication(limits: StreamLimits): Limits {
  return {
    xml: {
      ...DEFAULT_XML_LIMITS,
      maxElementBytes: limits.preAuthBytes,
      maxDepth: limits.depth,
      maxAttributes: limits.attributes,
    },
    bytesPerSecond: limits.preAuthBytesPerSecond,
    burstBytes: limits.preAuthBytesPerSecond,
    workPerSecond: WORK_BEFORE,
    backlogBytes: limits.backlogBytes,
    elements: limits.preAuthElements,
  };
}

/** After authentication. */
export function limitsAfterAuthentication(limits: StreamLimits): Limits {
  return {
    xml: stanzaLimits({
      bytes: limits.stanzaBytes,
      depth: limits.depth,
      attributes: limits.attributes,
      prefixes: Math.min(FROM_CLIENTS.prefixes, limits.attributes),
    }),
    bytesPerSecond: limits.bytesPerSecond,
    burstBytes: limits.burstBytes,
    workPerSecond: WORK,
    backlogBytes: limits.backlogBytes,
  };
}
