// Listens for clients on TCP, with STARTTLS or direct TLS. RFC 6120 §5, XEP-0368.
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { awaitFirstBytes } from "../../xmpp/stream/first-bytes.ts";
import { TcpTransport } from "../../xmpp/stream/tcp.ts";
import type { AddressCount } from "../c2s/address-count.ts";
import { C2sConnection } from "../c2s/connection.ts";
import type { C2sContext } from "../c2s/context.ts";
import { keepDefaultContext } from "../tls/default-context.ts";
import { expectProxyHeaders } from "./proxy-protocol.ts";

/** Where and how to listen. */
export interface C2sListenerOptions {
  readonly address: string;
  readonly port: number;
  readonly tls: "starttls" | "direct" | "none";
  /** Networks (CIDR) whose connections begin with a PROXY header. */
  readonly proxyProtocol: readonly string[];
}

/** Starts listening; resolves once the port is open. @throws Error of the system (`EADDRINUSE` …) */
export function listenForClients(options: C2sListenerOptions, context: C2sContext): Promise<Server> {
  const accept = (socket: Socket) => {
    if (!socket.destroyed) new C2sConnection(new TcpTransport(socket), context);
  };
  const server = options.tls === "direct" ? directTlsServer(context, accept) : createServer(accept);
  limitConnections(server, context.addresses, options.tls === "direct", options.proxyProtocol);
  expectProxyHeaders(server, options.proxyProtocol, context);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port: options.port, host: options.address, backlog: 4096 }, () => {
      server.off("error", reject);
      server.on("error", (error) => context.log.error({ err: error }, "client listener failed"));
      resolve(server);
    });
  });
}

function directTlsServer(context: C2sContext, accept: (socket: Socket) => void): Server {
  const first = [...context.hosts.values()].find((host) => host.hasTls);
  if (first === undefined) throw new Error("direct TLS needs a host with a certificate");
  const patience = context.limits.authenticationSeconds * 1000;
  const server = createTlsServer(
    {
      // A list would be copied for each connection, and kept with it. XEP-0368 §3.
      ALPNCallback: ({ protocols }) => (protocols.includes("xmpp-client") ? "xmpp-client" : undefined),
      requestCert: context.clientAuthorities.length > 0,
      rejectUnauthorized: false,
      SNICallback: (servername, callback) =>
        callback(null, context.tls.sni(servername) ?? context.tls.forDomain(first.domain)),
      handshakeTimeout: patience,
    },
    accept,
  );
  awaitFirstBytes(server, patience, context.clock);
  keepDefaultContext(server, context.tls, first.domain);
  server.on("tlsClientError", (error, socket) => {
    context.log.debug({ err: error, peer: socket.remoteAddress }, "TLS handshake failed");
    socket.destroy();
  });
  return server;
}

/**
 * Refuses connections of an address that has too many. They are counted as they come: one that never makes its TLS
 * handshake, or never sends its request, holds a connection as well. Only behind PROXY headers TLS shows the client's
 * address no earlier than after its handshake. Call it before `expectProxyHeaders`.
 */
export function limitConnections(
  server: Server,
  addresses: AddressCount,
  tls: boolean,
  proxyProtocol: readonly string[],
): void {
  const event = tls && proxyProtocol.length > 0 ? "secureConnection" : "connection";
  server.prependListener(event, (socket: Socket) => addresses.admit(socket));
}
