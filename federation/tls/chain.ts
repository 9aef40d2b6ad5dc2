// Walks a peer's certificate chain from its leaf to an anchor we trust, and says in plain words where it breaks.
import type { X509Certificate } from "node:crypto";
import type { Anchors } from "./anchors.ts";
import { type Extensions, readExtensions } from "./extensions.ts";
import { namesWithin } from "./name-constraints.ts";

/** Why a chain is not trusted. */
export type ChainProblem =
  | "no-certificate"
  | "malformed"
  | "expired"
  | "not-yet-valid"
  | "self-signed"
  | "unknown-issuer"
  | "bad-signature"
  | "not-a-ca"
  | "wrong-purpose"
  | "weak"
  | "path-too-long"
  | "outside-constraints"
  | "unknown-critical-extension";

/** `path` runs from the leaf to the anchor. `reason` is a sentence an operator can act on. */
export type ChainVerdict =
  | { readonly kind: "trusted"; readonly path: readonly X509Certificate[] }
  | { readonly kind: "untrusted"; readonly problem: ChainProblem; readonly reason: string };

type Refusal = Extract<ChainVerdict, { kind: "untrusted" }>;

/** Certificates a peer may present. */
export const MAX_PRESENTED = 12;
/** Certificates in one path, leaf and anchor counted. */
const MAX_PATH = 8;
/** Signatures checked for one chain, whatever its loops. */
const MAX_SIGNATURES = 32;

/** serverAuth, clientAuth, and any purpose. */
const TLS_PURPOSES = new Set(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "2.5.29.37.0"]);
const KEY_CERT_SIGN = 0x04;
/** digitalSignature, keyEncipherment, keyAgreement: what a key must be good for in TLS. */
const TLS_KEY_USES = 0x80 | 0x20 | 0x08;

/** Signatures by MD2, MD5 or SHA-1: forgeable. */
const WEAK_SIGNATURES = new Set([
  "1.2.840.113549.1.1.2",
  "1.2.840.113549.1.1.4",
  "1.2.840.113549.1.1.5",
  "1.2.840.10045.4.1",
  "1.2.840.10040.4.3",
]);

/**
 * Walks `presented` (the peer's own certificate first, the others in any order) to one of `anchors` at the time `now`
 * (ms), as RFC 5280 §6.1 has it: issuer and signature, CA and key usage, dates, path length, purposes, name
 * constraints, no critical extension unknown. Either purpose of TLS will do at either end: public authorities no
 * longer issue clientAuth, and the two ends of S2S are servers both. Identity is not looked at: see peer-identity.ts.
 */
export function walkChain(presented: readonly X509Certificate[], anchors: Anchors, now: number): ChainVerdict {
  const [leaf] = presented;
  if (!leaf) return refuse("no-certificate", "the peer presented no certificate");
  if (presented.length > MAX_PRESENTED) {
    return refuse("path-too-long", `the peer presented ${presented.length} certificates, more than ${MAX_PRESENTED}`);
  }
  return climb({ presented, anchors, now, signatures: 0 }, [], leaf);
}

interface Walk {
  readonly presented: readonly X509Certificate[];
  readonly anchors: Anchors;
  readonly now: number;
  signatures: number;
}

/** A way from the last of `path` up to an anchor; when there is none, the refusal that says most. */
function climb(walk: Walk, path: readonly X509Certificate[], last: X509Certificate): ChainVerdict {
  const problem = refusalOf(walk, path, last);
  if (problem) return problem;
  const climbed = [...path, last];
  if (walk.anchors.has(last)) return withinConstraints(climbed);
  if (climbed.length >= MAX_PATH) {
    return refuse("path-too-long", `the chain has more than ${MAX_PATH} certificates`);
  }
  let best: Refusal | undefined;
  for (const issuer of [...walk.anchors.issuersOf(last), ...walk.presented]) {
    if (issuer.subject !== last.issuer || climbed.some((member) => isSame(member, issuer))) continue;
    const verdict = signatureRefusal(walk, last, issuer) ?? climb(walk, climbed, issuer);
    if (verdict.kind === "trusted") return verdict;
    if (best === undefined || best.problem === "unknown-issuer") best = verdict;
  }
  return best ?? noIssuer(last, climbed.length === 1);
}

/** What is wrong with `certificate` itself, `below` it being the path from the leaf. */
function refusalOf(walk: Walk, below: readonly X509Certificate[], certificate: X509Certificate): Refusal | undefined {
  const name = nameOf(certificate);
  const anchored = walk.anchors.has(certificate);
  let extensions: Extensions;
  try {
    extensions = readExtensions(certificate);
    if (!anchored && isWeak(certificate, extensions)) {
      return refuse("weak", `${name} has a key or a signature too weak to be believed`);
    }
  } catch {
    return refuse("malformed", `${name} is malformed`);
  }
  if (walk.now > certificate.validToDate.getTime()) {
    return refuse("expired", `${name} expired on ${certificate.validToDate.toISOString()}`);
  }
  if (walk.now < certificate.validFromDate.getTime()) {
    return refuse("not-yet-valid", `${name} is not valid before ${certificate.validFromDate.toISOString()}`);
  }
  const [unknown] = extensions.unknownCritical;
  if (unknown !== undefined) {
    return refuse("unknown-critical-extension", `${name} has the critical extension ${unknown}, unknown here`);
  }
  const { purposes, keyUsage } = extensions;
  if (purposes && !purposes.some((purpose) => TLS_PURPOSES.has(purpose))) {
    return refuse("wrong-purpose", `${name} is not meant for TLS (extended key usage ${purposes.join(", ")})`);
  }
  if (below.length > 0) return issuerRefusal(extensions, below, name);
  if (keyUsage !== undefined && (keyUsage & TLS_KEY_USES) === 0) {
    return refuse("wrong-purpose", `the key usage of ${name} does not allow TLS`);
  }
  return undefined;
}

/** What keeps a certificate from having issued the last of `below`. */
function issuerRefusal(extensions: Extensions, below: readonly X509Certificate[], name: string): Refusal | undefined {
  const { keyUsage, pathLength } = extensions;
  if (!extensions.ca || (keyUsage !== undefined && (keyUsage & KEY_CERT_SIGN) === 0)) {
    return refuse("not-a-ca", `${name} is no certificate authority, yet a certificate of the chain is signed by it`);
  }
  const intermediates = below.slice(1).filter((member) => member.subject !== member.issuer).length;
  if (pathLength !== undefined && intermediates > pathLength) {
    return refuse("path-too-long", `${name} allows ${pathLength} authorities below it, the chain has ${intermediates}`);
  }
  return undefined;
}

function signatureRefusal(walk: Walk, subject: X509Certificate, issuer: X509Certificate): Refusal | undefined {
  if (++walk.signatures > MAX_SIGNATURES) return refuse("path-too-long", "the chain has too many ways to follow");
  try {
    if (subject.verify(issuer.publicKey)) return undefined;
  } catch {
    return refuse("malformed", `the key of ${nameOf(issuer)} cannot be used`);
  }
  return refuse(
    "bad-signature",
    `the signature of ${nameOf(subject)} is not by the issuer it names, ${nameOf(issuer)}`,
  );
}

function withinConstraints(path: readonly X509Certificate[]): ChainVerdict {
  const [leaf, ...issuers] = path;
  if (leaf) {
    const { names } = readExtensions(leaf);
    for (const issuer of issuers) {
      const { constraints } = readExtensions(issuer);
      if (constraints && !namesWithin(names, constraints)) {
        return refuse("outside-constraints", `${nameOf(issuer)} may not issue for the names of ${nameOf(leaf)}`);
      }
    }
  }
  return { kind: "trusted", path };
}

function noIssuer(last: X509Certificate, isLeaf: boolean): Refusal {
  if (last.subject === last.issuer) {
    if (isLeaf) return refuse("self-signed", `${nameOf(last)} is self-signed and not trusted here`);
    return refuse("unknown-issuer", `the chain ends at the authority ${nameOf(last)}, which is not trusted here`);
  }
  return refuse(
    "unknown-issuer",
    `the issuer of ${nameOf(last)}, ${oneLine(last.issuer)}, is neither trusted here nor presented by the peer`,
  );
}

function isWeak(certificate: X509Certificate, extensions: Extensions): boolean {
  if (WEAK_SIGNATURES.has(extensions.signatureAlgorithm)) return true;
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
  return asymmetricKeyType?.startsWith("rsa") === true && (asymmetricKeyDetails?.modulusLength ?? 0) < 2048;
}

function isSame(a: X509Certificate, b: X509Certificate): boolean {
  return a.fingerprint256 === b.fingerprint256;
}

function nameOf(certificate: X509Certificate): string {
  return `the certificate of ${oneLine(certificate.subject)}`;
}

/** A distinguished name as one bounded line, as a peer may have put anything into it. */
function oneLine(name: string): string {
  const line = name.replace(/[\u0000-\u001f\u007f]+/g, ", ");
  return line === "" ? "no name" : line.slice(0, 200);
}

function refuse(problem: ChainProblem, reason: string): Refusal {
  return { kind: "untrusted", problem, reason };
}
