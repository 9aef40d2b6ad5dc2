// The certificate that this server showed on a TLS connection.
import type { TLSSocket } from "node:tls";

const certificates = new WeakMap<TLSSocket, Buffer>();

/** Certificates that are shared: more than the hosts of a node and their renewals. */
const MOST = 64;
/** Those shown of late, the latest first. */
let shown: readonly Buffer[] = [];

/**
 * DER of our leaf certificate on this connection, whatever SNI chose and whatever was reloaded since. Kept for each
 * socket, since Node takes 50 µs to tell; it cannot change, as there is no renegotiation.
 */
export function ownCertificate(socket: TLSSocket | undefined): Buffer | undefined {
  if (socket === undefined) return undefined;
  const known = certificates.get(socket);
  if (known !== undefined) return known;
  const certificate = socket.getX509Certificate()?.raw;
  if (certificate === undefined) return undefined;
  const one = shared(certificate);
  certificates.set(socket, one);
  return one;
}

/** Thousands of connections are shown the same one: each keeps no copy of it. */
function shared(certificate: Buffer): Buffer {
  const known = shown.find((one) => one.equals(certificate));
  if (known !== undefined) return known;
  shown = [certificate, ...shown].slice(0, MOST);
  return certificate;
}
