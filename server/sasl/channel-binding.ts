// Channel bindings: what ties a SASL exchange to the TLS connection it runs in. RFC 5056, RFC 5929, RFC 9266.
import { createHash, X509Certificate } from "node:crypto";
import { signatureHash } from "../tls/signature-hash.ts";
import type { SaslContext } from "./mechanism.ts";

/**
 * Types this server tells of, strongest first. `tls-unique` is not among them: TLS 1.3 has none (RFC 8446 §C.5), and who
 * knows the others is better served by them.
 */
export type BindingType = "tls-exporter" | "tls-server-end-point";

/** Types of channel binding that this stream can do, strongest first, for XEP-0440. */
export function channelBindingTypes({ encrypted, tls }: SaslContext): BindingType[] {
  if (!encrypted || tls === undefined) return [];
  const types: BindingType[] = [];
  if (tls.exporter !== undefined) types.push("tls-exporter");
  if (tls.ownCertificate !== undefined && endPointHash(tls.ownCertificate) !== undefined)
    types.push("tls-server-end-point");
  return types;
}

/** The binding data of a type, or undefined where this stream cannot do it (or the type is unknown). */
export function channelBindingData(type: string, { encrypted, tls }: SaslContext): Buffer | undefined {
  if (!encrypted || tls === undefined) return undefined;
  switch (type) {
    case "tls-exporter":
      return tls.exporter;
    case "tls-server-end-point":
      // What was shown on this very connection is right even after a reload of certificates.
      return tls.ownCertificate === undefined ? undefined : endPointHash(tls.ownCertificate);
    case "tls-unique":
      // COMPAT(slixmpp, 1.8): on TLS 1.3 it takes what OpenSSL gives for `tls-unique`, whatever types it was told, and
      // without it could only send its password: a client that knows -PLUS and does not use it counts as attacked
      // (RFC 5802 §6).
      return tls.firstFinished;
    default:
      return undefined;
  }
}

const endPoints = new WeakMap<Buffer, { readonly hash: Buffer | undefined }>();

/**
 * The certificate's hash by its signature algorithm's hash function, SHA-256 in place of MD5 and SHA-1; undefined for
 * algorithms without one (EdDSA). RFC 5929 §4.1.
 */
function endPointHash(der: Buffer): Buffer | undefined {
  const known = endPoints.get(der);
  if (known !== undefined) return known.hash;
  const name = signatureHash(new X509Certificate(der));
  const hash = name === undefined ? undefined : createHash(name).update(der).digest();
  endPoints.set(der, { hash });
  return hash;
}
