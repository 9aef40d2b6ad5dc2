// Bounds of streams to and from other servers, before they are authenticated and afterwards.
import { FROM_SERVERS } from "../../xmpp/bounds.ts";
import type { Limits } from "../../xmpp/stream/stream.ts";
import { stanzaLimits } from "../../xmpp/xml/limits.ts";
import { DEFAULT_XML_LIMITS } from "../../xmpp/xml/tokenizer.ts";
import type { FederationContext } from "./context.ts";

/** Bounds of a stream to or from another server before it is authenticated. */
export const UNAUTHENTICATED_LIMITS: Limits = {
  xml: { ...DEFAULT_XML_LIMITS, maxElementBytes: 16_384 },
  bytesPerSecond: 65_536,
  burstBytes: 65_536,
  workPerSecond: 100,
  backlogBytes: 262_144,
  elements: 64,
};

/** The same for streams that we open: the dialogue holds a peer that talks on, and more than one answer may come at once. */
export const OPENING_LIMITS: Limits = {
  xml: UNAUTHENTICATED_LIMITS.xml,
  bytesPerSecond: UNAUTHENTICATED_LIMITS.bytesPerSecond,
  burstBytes: UNAUTHENTICATED_LIMITS.burstBytes,
  workPerSecond: UNAUTHENTICATED_LIMITS.workPerSecond,
  backlogBytes: UNAUTHENTICATED_LIMITS.backlogBytes,
};

/** Characters that may wait for a peer that does not read before it is cut; senders are held back long before. */
const BACKLOG = 16_777_216;

/** ms of the node's time a second that one server's stanzas may cost: clients are to be heard beside it. */
const WORK = 700;

/** Bounds of an authenticated one: a server speaks for many users. */
export function authenticatedLimits(context: FederationContext, remote: string): Limits {
  const { bytesPerSecond } = context.policy(remote);
  return {
    xml: stanzaLimits({ ...FROM_SERVERS, bytes: context.config.stanzaBytes }),
    bytesPerSecond,
    burstBytes: bytesPerSecond * 4,
    workPerSecond: WORK,
    backlogBytes: BACKLOG,
  };
}
