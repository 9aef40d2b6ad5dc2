// The hash function of a certificate's signature algorithm, as tls-server-end-point asks for. RFC 5929 §4.1.
import type { X509Certificate } from "node:crypto";
import { derChildren, derElements } from "./der.ts";

/** A hash as `createHash` names it. */
export type EndPointHash = "sha224" | "sha256" | "sha384" | "sha512";

const SEQUENCE = 0x30;
/** RSASSA-PSS: the hash is in the parameters. RFC 4055 §3.1. */
const OID_PSS = "1.2.840.113549.1.1.10";

/** Signature algorithms by object identifier; MD5 and SHA-1 count as SHA-256. */
const BY_ALGORITHM = new Map<string, EndPointHash>([
  ["1.2.840.113549.1.1.4", "sha256"], // md5WithRSAEncryption
  ["1.2.840.113549.1.1.5", "sha256"], // sha1WithRSAEncryption
  ["1.2.840.113549.1.1.14", "sha224"],
  ["1.2.840.113549.1.1.11", "sha256"],
  ["1.2.840.113549.1.1.12", "sha384"],
  ["1.2.840.113549.1.1.13", "sha512"],
  ["1.2.840.10045.4.1", "sha256"], // ecdsa-with-SHA1
  ["1.2.840.10045.4.3.1", "sha224"],
  ["1.2.840.10045.4.3.2", "sha256"],
  ["1.2.840.10045.4.3.3", "sha384"],
  ["1.2.840.10045.4.3.4", "sha512"],
]);

/** Hash functions of RSASSA-PSS parameters, by the DER content of their object identifier in hex. */
const BY_PSS_HASH = new Map<string, EndPointHash>([
  ["2b0e03021a", "sha256"], // SHA-1
  ["608648016503040204", "sha224"],
  ["608648016503040201", "sha256"],
  ["608648016503040202", "sha384"],
  ["608648016503040203", "sha512"],
]);

/** The hash, or undefined where the algorithm has none of its own (EdDSA) or is unknown: then no binding is offered. */
export function signatureHash(certificate: X509Certificate): EndPointHash | undefined {
  const oid = certificate.signatureAlgorithmOid;
  if (oid !== OID_PSS) return BY_ALGORITHM.get(oid ?? "");
  // Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OID, parameters }, signature }
  const [whole] = derElements(certificate.raw) ?? [];
  const [, parameters] = derChildren(derChildren(whole, SEQUENCE)[1], SEQUENCE);
  const hash = derChildren(parameters, SEQUENCE).find((element) => element.tag === 0xa0);
  if (hash === undefined) return "sha256"; // the default, SHA-1
  const [algorithm] = derElements(hash.content) ?? [];
  return BY_PSS_HASH.get(derChildren(algorithm, SEQUENCE)[0]?.content.toString("hex") ?? "");
}
