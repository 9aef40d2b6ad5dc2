// Bidirectional streams: asked for after TLS and before authentication, and not answered. XEP-0288 §2.
import { offered } from "../../xmpp/negotiation/feature.ts";
import { limitsText } from "../../xmpp/negotiation/limits.ts";
import type { FederationContext } from "../way/context.ts";
import type { Policy } from "../way/policy.ts";
import type { S2sFeature } from "./entry.ts";
import type { Opening } from "./opening.ts";

/** Asks for a bidirectional stream, and the feature that offers it. XEP-0288. */
export const NS_BIDI = "urn:xmpp:bidi";
export const NS_BIDI_FEATURE = "urn:xmpp:features:bidi";

/** `<bidi/>` with what we take. XEP-0288 §2, XEP-0478 §3. */
export function bidiText({ config }: FederationContext): string {
  return `<bidi xmlns='${NS_BIDI}'>${limitsText(config.stanzaBytes, config.idleSeconds * 2)}</bidi>`;
}

export const BIDI: S2sFeature = {
  name: "bidi",
  xmlns: NS_BIDI,

  phase: "before authentication",
  advertise: ({ encrypted, policy }) =>
    encrypted && policy.bidirectional ? `<bidi xmlns='${NS_BIDI_FEATURE}'/>` : undefined,

  wanted: (opening) =>
    opening.method === undefined && (opening.ahead === undefined ? wantsBidi(opening) : opening.ahead.bidi),
  request: ({ way, ahead }) => (ahead === undefined ? bidiText(way.context) : undefined),
  agreed(opening) {
    opening.bidi = true;
  },
};

/** Bidirectional streams prove the peer by its certificate or by DNS; the latter only where dialback would do. */
export function mayBeBidi({ allowDialback, requireValidCertificate }: Policy): boolean {
  return allowDialback || requireValidCertificate;
}

function wantsBidi(opening: Opening): boolean {
  const { stream, certificate, way } = opening;
  const { policy } = way;
  if (!policy.bidirectional || !stream.transport.encrypted) return false;
  if (certificate?.kind !== "valid" && !policy.allowDialback) return false;
  return offered(opening, "bidi", NS_BIDI_FEATURE) !== undefined;
}
