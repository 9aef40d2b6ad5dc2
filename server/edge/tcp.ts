// Listens for clients on TCP, with STARTTLS or direct TLS. RFC 6120 §5, XEP-0368.
import { createServer, type Server, type Socket } from "node:net";
import { TcpTransport } from "../../xmpp/stream/tcp.ts";
import type { AddressCount } from "../c2s/address-count.ts";
import { C2sConnection } from "../c2s/connection.ts";
import type { C2sContext } from "../c2s/context.ts";
import { expectProxyHeaders } from "./proxy-protocol.ts";

/** Where and how to listen. */
export interface C2sListenerOptions {
  readonly address: string;
  readonly port: number;
  readonly tls: "starttls" | "direct" | "none";
  /** What protects the records of TLS 1.3 once the handshake is made (decision 0030). */
  readonly tlsRecords: "own" | "openssl";
  /** Networks (CIDR) whose connections begin with a PROXY header. */
  readonly proxyProtocol: readonly string[];
}

/** Starts listening; resolves once the port is open. @throws Error of the system (`EADDRINUSE` …) */
export function listenForClients(options: C2sListenerOptions, context: C2sContext): Promise<Server> {
  const secure = options.tls === "direct" ? directTls(context) : undefined;
  const server = createServer((socket) => {
    if (socket.destroyed) return;
    const transport = new TcpTransport(socket, { ownRecords: options.tlsRecords === "own" });
    if (secure === undefined) new C2sConnection(transport, context);
    else secure(transport, socket);
  });
  limitConnections(server, context.addresses, false, options.proxyProtocol);
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

/** Makes the handshake of a connection that begins with it; who takes longer than an authentication may is dropped. */
function directTls(context: C2sContext): (transport: TcpTransport, socket: Socket) => void {
  const first = [...context.hosts.values()].find((host) => host.hasTls);
  if (first === undefined) throw new Error("direct TLS needs a host with a certificate");
  return (transport, socket) => {
    const deadline = context.clock.setTimeout(() => socket.destroy(), context.limits.authenticationSeconds * 1000);
    const begin = () => new C2sConnection(transport, context);
    const failed = (error: unknown) => {
      context.log.debug({ err: error, peer: transport.remoteAddress }, "TLS handshake failed");
      transport.destroy();
    };
    void transport
      .startTls("server", {
        context: context.tls.forDomain(first.domain),
        sni: (servername) => context.tls.sni(servername),
        requestCert: context.clientAuthorities.length > 0,
        alpn: "xmpp-client",
      })
      .finally(() => context.clock.clearTimeout(deadline))
      .then(begin, failed);
  };
}

/**
 * Refuses connections of an address that has too many. They are counted as they come: one that never makes its TLS
 * handshake, or never sends its request, holds a connection as well. Only an HTTPS server behind PROXY headers shows the
 * client's address no earlier than after the handshake. Call it before `expectProxyHeaders`.
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
