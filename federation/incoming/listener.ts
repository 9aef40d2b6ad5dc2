// Listens for other servers, with STARTTLS or direct TLS. RFC 6120 §3.2.1, XEP-0368.
import { createServer, type Server, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { expectProxyHeaders, TcpTransport } from "../../server/index.ts";
import type { FederationContext } from "../context.ts";
import { acceptOptions } from "../tls/index.ts";
import { type IncomingObserver, IncomingSession } from "./session.ts";

/** Where and how to listen. */
export interface S2sListenerOptions {
  readonly address: string;
  readonly port: number;
  readonly tls: "starttls" | "direct";
  /** The domain whose certificate a peer gets that sends no SNI. */
  readonly defaultDomain: string;
  /** Networks (CIDR) whose connections begin with a PROXY header. */
  readonly proxyProtocol: readonly string[];
}

/** Starts listening. @throws Error of the system (`EADDRINUSE` …) */
export function listenForServers(
  options: S2sListenerOptions,
  context: FederationContext,
  observer: IncomingObserver,
  accepted: (session: IncomingSession) => void,
): Promise<Server> {
  const accept = (socket: Socket, peer: string | undefined) =>
    accepted(new IncomingSession(new TcpTransport(socket, peer), context, observer));
  const server =
    options.tls === "direct"
      ? directTls(options, context, accept)
      : createServer((socket) => accept(socket, socket.remoteAddress));
  expectProxyHeaders(server, options.proxyProtocol, context);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port: options.port, host: options.address }, () => {
      server.off("error", reject);
      server.on("error", (error) => context.log.error({ err: error }, "s2s listener failed"));
      resolve(server);
    });
  });
}

function directTls(
  options: S2sListenerOptions,
  context: FederationContext,
  accept: (socket: Socket, peer: string | undefined) => void,
): Server {
  const secureContext = context.tlsContext(options.defaultDomain);
  if (secureContext === undefined) throw new Error("direct TLS needs a host with a certificate");
  const settings = acceptOptions({
    context: secureContext,
    contextFor: (domain) => context.tlsContext(domain),
    directTls: true,
  });
  // `tls.createServer` takes no ready context, so a plain server wraps each socket itself.
  const server = createServer((plain) => {
    const peer = plain.remoteAddress;
    const secured = new TLSSocket(plain, settings);
    secured.on("error", (error) => context.log.debug({ err: error }, "s2s in TLS handshake failed"));
    secured.once("secure", () => accept(secured, peer));
  });
  return server;
}
