// Channel bindings: what ties a SASL exchange to the TLS connection it runs in. RFC 5056, RFC 5929, RFC 9266.
import { createHash, X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { ownCertificate } from "../tls/own-certificate.ts";
import { signatureHash } from "../tls/signature-hash.ts";
import type { SaslContext } from "./mechanism.ts";

/**
 * Types this server tells of, strongest first. `tls-unique` is not among them: TLS 1.3 has none (RFC 8446 §C.5), and who
 * knows the others is better served by them.
 */
export type BindingType = "tls-exporter" | "tls-server-end-point";

/** Types of channel binding that this stream can do, strongest first, for XEP-0440. */
export function channelBindingTypes(context: SaslContext): BindingType[] {
  const types: BindingType[] = [];
  if (context.tlsSocket !== undefined && exporterAvailable(context.tlsSocket)) types.push("tls-exporter");
  const certificate = context.serverCertificate ?? ownCertificate(context.tlsSocket);
  if (context.encrypted && certificate !== undefined && endPointHash(certificate) !== undefined)
    types.push("tls-server-end-point");
  return types;
}

/** The binding data of a type, or undefined where this stream cannot do it (or the type is unknown). */
export function channelBindingData(type: string, context: SaslContext): Buffer | undefined {
  if (!context.encrypted) return undefined;
  const socket = context.tlsSocket;
  switch (type) {
    case "tls-exporter":
      return socket !== undefined && exporterAvailable(socket) ? exported(socket) : undefined;
    case "tls-server-end-point": {
      // What the socket says is right even after a reload of certificates; the context's is for TLS front ends.
      const certificate = ownCertificate(socket) ?? context.serverCertificate;
      return certificate === undefined ? undefined : endPointHash(certificate);
    }
    case "tls-unique":
      return socket === undefined ? undefined : firstFinished(socket);
    default:
      return undefined;
  }
}

/**
 * The first Finished message, by which -PLUS works for clients that know no other type. RFC 5929 §3.
 *
 * On TLS 1.2 a resumed session has none: without the extended master secret, of which Node does not tell, two
 * resumptions can be brought to one value (RFC 7627 §1); a full handshake's covers certificate and keys.
 *
 * COMPAT(slixmpp, 1.8): on TLS 1.3 it takes what OpenSSL gives for `tls-unique`, whatever types it was told, and without
 * it could only send its password: a client that knows -PLUS and does not use it counts as attacked (RFC 5802 §6).
 */
function firstFinished(socket: TLSSocket): Buffer | undefined {
  if (!socket.isSessionReused()) return socket.getPeerFinished();
  return exporterAvailable(socket) ? socket.getFinished() : undefined;
}

/**
 * TLS 1.3 alone: on TLS 1.2 the exporter binds only with the extended master secret (RFC 9266 §4.2, RFC 7627), and
 * Node does not tell whether that was negotiated.
 */
function exporterAvailable(socket: TLSSocket): boolean {
  return socket.getProtocol() === "TLSv1.3";
}

function exported(socket: TLSSocket): Buffer | undefined {
  try {
    return socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0));
  } catch {
    return undefined; // the connection went away meanwhile
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
