// The certificate that this server showed on a TLS connection.
import type { TLSSocket } from "node:tls";

const certificates = new WeakMap<TLSSocket, Buffer>();

/**
 * DER of our leaf certificate on this connection, whatever SNI chose and whatever was reloaded since. Kept for each
 * socket, since Node takes 50 µs to tell; it cannot change, as there is no renegotiation.
 */
export function ownCertificate(socket: TLSSocket | undefined): Buffer | undefined {
  if (socket === undefined) return undefined;
  const known = certificates.get(socket);
  if (known !== undefined) return known;
  const certificate = socket.getX509Certificate()?.raw;
  if (certificate !== undefined) certificates.set(socket, certificate);
  return certificate;
}
