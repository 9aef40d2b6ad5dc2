// The data of a channel binding as a client sees it. RFC 9266 (tls-exporter), RFC 5929 §4 (tls-server-end-point).
import { createHash, X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";

/** The data of a binding by its name. */
export function channelBinding(socket: TLSSocket, binding: string): Buffer {
  if (binding === "tls-exporter") return socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0));
  const certificate = new X509Certificate(socket.getPeerCertificate(true).raw);
  return createHash("sha256").update(certificate.raw).digest();
}
