// Makes a TCP or HTTP listener speak TLS from the first octet, with the certificates as they are now. XEP-0368, RFC 9110 §4.2.2.
import type { Server, Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { C2sContext } from "./context.ts";

/** What the handshakes of one listener need. */
export type DirectTlsContext = Pick<C2sContext, "tls" | "hosts" | "limits" | "clientAuthorities" | "clock" | "log">;

/** How a listener secures its connections. */
export interface DirectTlsOptions {
  /** Application protocols taken. RFC 7301. */
  readonly alpn: readonly string[];
  /** Ask for a certificate of the client, where authorities for them are configured. */
  readonly clientCertificates: boolean;
}

/**
 * Makes `server` (of net or http) hand its connection listeners sockets that have made their TLS handshake. A client
 * that names none of our hosts, or nothing at all (RFC 6066 §3 leaves SNI optional), gets the certificate of the first
 * host that has one. Every socket is wrapped by itself: `tls.createServer` would keep the certificate and the ciphers it
 * began with, whatever is reloaded.
 *
 * Call it once the server's own connection listeners are in place, and before `limitConnections` and
 * `expectProxyHeaders`, which both come before TLS. @throws Error where no host has a certificate
 */
export function expectTls(server: Server, options: DirectTlsOptions, context: DirectTlsContext): void {
  const first = [...context.hosts.values()].find((host) => host.hasTls);
  if (first === undefined) throw new Error("direct TLS needs a host with a certificate");
  const listeners = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (plain: Socket) => {
    if (plain.destroyed) return;
    secure(plain, first.domain, options, context, (secured) => {
      // During the handshake the server may have begun to drain: it takes no new connections.
      if (!server.listening) return void secured.destroy();
      for (const listener of listeners) listener.call(server, secured);
    });
  });
}

function secure(
  plain: Socket,
  defaultDomain: string,
  { alpn, clientCertificates }: DirectTlsOptions,
  { tls, limits, clientAuthorities, clock, log }: DirectTlsContext,
  done: (secured: TLSSocket) => void,
): void {
  const secureContext = tls.forDomain(defaultDomain);
  const peer = plain.remoteAddress;
  const secured = new TLSSocket(plain, {
    isServer: true,
    secureContext,
    requestCert: clientCertificates && clientAuthorities.length > 0,
    rejectUnauthorized: false,
    ALPNProtocols: [...alpn],
    SNICallback: (servername, callback) => callback(null, tls.sni(servername) ?? secureContext),
  });
  showAddress(secured, plain);
  const failed = (reason: string) => {
    clock.clearTimeout(deadline);
    log.debug({ reason, peer }, "TLS handshake failed");
    plain.destroy();
  };
  const broken = (error: Error) => failed(error.message);
  const gone = () => failed("the connection closed");
  const deadline = clock.setTimeout(() => failed("it took too long"), limits.authenticationSeconds * 1000);
  // Whoever gets the socket listens for its errors; an error that nobody hears would end the process.
  secured.on("error", () => {}).once("error", broken);
  plain.once("close", gone);
  secured.once("secure", () => {
    clock.clearTimeout(deadline);
    secured.off("error", broken);
    plain.off("close", gone);
    // What breaks TLS later is told by this event alone on a socket that no `tls.Server` made.
    secured.on("_tlsError", (error: Error) => secured.destroy(error));
    done(secured);
  });
}

/** Behind a PROXY header the socket below knows the client's address, and the TLS on it does not. */
function showAddress(secured: TLSSocket, { remoteAddress, remotePort, remoteFamily }: Socket): void {
  Object.defineProperties(secured, {
    remoteAddress: { value: remoteAddress, enumerable: true },
    remotePort: { value: remotePort, enumerable: true },
    remoteFamily: { value: remoteFamily, enumerable: true },
  });
}
