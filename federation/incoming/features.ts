// What an incoming stream offers, by where it stands. RFC 6120 §4.3.2.

import { SM_FEATURE } from "../../xmpp/management/elements.ts";
import { limitsText } from "../../xmpp/negotiation/limits.ts";
import { NS_DIALBACK_FEATURE, NS_SASL, NS_TLS } from "../../xmpp/xml/namespaces.ts";
import { NS_BIDI_FEATURE } from "../negotiation/bidi.ts";
import type { Policy } from "../way/policy.ts";

/** Where a stream stands. */
export interface Standing {
  readonly policy: Policy;
  readonly encrypted: boolean;
  /** There is a certificate to offer TLS with. */
  readonly canEncrypt: boolean;
  readonly authenticated: boolean;
  /** The peer's certificate proves the domain of its header. */
  readonly external: boolean;
  readonly maxBytes: number;
  readonly idleSeconds: number;
}

const DIALBACK = `<dialback xmlns='${NS_DIALBACK_FEATURE}'><errors/></dialback>`;
const BIDI = `<bidi xmlns='${NS_BIDI_FEATURE}'/>`;
const EXTERNAL = `<mechanisms xmlns='${NS_SASL}'><mechanism>EXTERNAL</mechanism></mechanisms>`;

/** `<stream:features/>` as text. */
export function featuresText(standing: Standing): string {
  return `<stream:features>${content(standing)}</stream:features>`;
}

function content({ policy, encrypted, canEncrypt, authenticated, external, maxBytes, idleSeconds }: Standing): string {
  const limits = limitsText(maxBytes, idleSeconds);
  if (!encrypted && canEncrypt) {
    if (policy.requireEncryption) return `<starttls xmlns='${NS_TLS}'><required/></starttls>${limits}`;
    return `<starttls xmlns='${NS_TLS}'/>${DIALBACK}${SM_FEATURE}${limits}`;
  }
  // With dialback no features come later: stream management is announced before, and refused until a domain is proven.
  if (authenticated) return DIALBACK + SM_FEATURE + limits;
  const bidi = encrypted && policy.bidirectional ? BIDI : "";
  const dialback = policy.refuse ? "" : DIALBACK + SM_FEATURE;
  return (external ? EXTERNAL : "") + dialback + bidi + limits;
}
