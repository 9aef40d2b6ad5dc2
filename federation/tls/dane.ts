// Judges a peer's certificate by the TLSA records of the target it was reached at (RFC 6698, RFC 7671, RFC 7673).
import { createHash, timingSafeEqual, X509Certificate } from "node:crypto";
import type { TlsaData } from "dns-packet";
import { Anchors } from "./anchors.ts";
import { type ChainVerdict, walkChain } from "./chain.ts";
import { identifies } from "./peer-identity.ts";
import type { CertificateVerdict } from "./verdict.ts";

/** What the certificate is held against. */
export interface DaneSettings {
  /** Names it may bear: the domain, and the target's host, to which DNSSEC leads (RFC 7673 §4.1). */
  readonly names: readonly string[];
  /** Public roots, for the usages that want them besides. */
  readonly anchors: Anchors;
  /** ms since the epoch. */
  readonly now: number;
}

const PKIX_TA = 0;
const PKIX_EE = 1;
const DANE_TA = 2;

/**
 * Whether the chain matches one of `records` (which are usable: see `lookUpTlsa`). Where a domain has records, there is
 * no way round them: a certificate that matches none is refused, however good its chain.
 */
export function verifyByTlsa(
  records: readonly TlsaData[],
  presented: readonly X509Certificate[],
  settings: DaneSettings,
): CertificateVerdict {
  const [leaf] = presented;
  if (!leaf) return { kind: "invalid", problem: "no-certificate", reason: "the peer presented no certificate" };
  for (const record of records) {
    const path = pathBy(record, leaf, presented, settings);
    if (path) return { kind: "valid", path, by: "TLSA" };
  }
  return {
    kind: "invalid",
    problem: "wrong-name",
    reason: `the certificate matches none of the ${records.length} TLSA records of the domain's server`,
  };
}

function pathBy(
  record: TlsaData,
  leaf: X509Certificate,
  presented: readonly X509Certificate[],
  settings: DaneSettings,
): readonly X509Certificate[] | undefined {
  const { anchors, names, now } = settings;
  const named = (verdict: ChainVerdict) =>
    verdict.kind === "trusted" && names.some((name) => identifies(leaf, name).kind === "match")
      ? verdict.path
      : undefined;
  switch (record.usage) {
    case PKIX_TA: {
      const path = named(walkChain(presented, anchors, now));
      return path?.slice(1).some((issuer) => matches(record, issuer)) ? path : undefined;
    }
    case PKIX_EE:
      return matches(record, leaf) ? named(walkChain(presented, anchors, now)) : undefined;
    case DANE_TA: {
      const authorities = [...presented, ...inRecord(record)].filter(
        (issuer) => issuer.fingerprint256 !== leaf.fingerprint256 && matches(record, issuer),
      );
      return authorities.length > 0 ? named(walkChain(presented, new Anchors(authorities), now)) : undefined;
    }
    default:
      // DANE-EE: the record alone is the proof; names and dates are DNS's own (RFC 7671 §5.1).
      return matches(record, leaf) ? [leaf] : undefined;
  }
}

/** A whole certificate in the record itself need not be presented (RFC 7671 §5.2.1). */
function inRecord({ selector, matchingType, certificate }: TlsaData): X509Certificate[] {
  if (selector !== 0 || matchingType !== 0) return [];
  try {
    return [new X509Certificate(certificate)];
  } catch {
    return [];
  }
}

function matches({ selector, matchingType, certificate }: TlsaData, presented: X509Certificate): boolean {
  try {
    const selected = selector === 0 ? presented.raw : presented.publicKey.export({ type: "spki", format: "der" });
    const digest = matchingType === 1 ? "sha256" : "sha512";
    const data = matchingType === 0 ? selected : createHash(digest).update(selected).digest();
    return data.length === certificate.length && timingSafeEqual(data, certificate);
  } catch {
    return false;
  }
}
