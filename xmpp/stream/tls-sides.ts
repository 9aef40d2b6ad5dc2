// The two sides of a TLS handshake, as Node's sockets.
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect, TLSSocket } from "node:tls";
import type { TlsUpgrade } from "./transport.ts";

/** The server's side of TLS on a connection, or on what stands for one. */
export function serverSide(plain: Socket | Duplex, options: TlsUpgrade): TLSSocket {
  const { alpn } = options;
  return new TLSSocket(plain, {
    isServer: true,
    secureContext: options.context,
    requestCert: options.requestCert ?? false,
    rejectUnauthorized: false,
    // A list would be copied for each connection, and kept with it.
    ...(alpn === undefined ? {} : { ALPNCallback: ({ protocols }) => (protocols.includes(alpn) ? alpn : undefined) }),
    SNICallback: (servername, callback) => callback(null, options.sni?.(servername) ?? options.context),
  });
}

/** The client's side of TLS on a connection. */
export function clientSide(plain: Socket, options: TlsUpgrade): TLSSocket {
  return connect({
    socket: plain,
    secureContext: options.context,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ...(options.servername === undefined ? {} : { servername: options.servername }),
  });
}
