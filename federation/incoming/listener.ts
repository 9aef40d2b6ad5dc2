// Listens for other servers, with STARTTLS or direct TLS. RFC 6120 §3.2.1, XEP-0368.
import { createServer, type Server, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { expectProxyHeaders } from "../../server/index.ts";
import { TcpTransport } from "../../xmpp/stream/tcp.ts";
import { acceptOptions } from "../tls/index.ts";
import type { FederationContext } from "../way/context.ts";
import { IncomingSession, type Surroundings } from "./session.ts";
import type { Slot } from "./stream.ts";

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

/** Connections that may wait to be accepted: a thousand peers come at once after a restart. */
const BACKLOG = 4096;

/** Starts listening. @throws Error of the system (`EADDRINUSE` …) */
export function listenForServers(options: S2sListenerOptions, surroundings: Surroundings): Promise<Server> {
  const { context, streams } = surroundings;
  const accept = (socket: Socket, slot: Slot | undefined, peer: string | undefined) => {
    const session = new IncomingSession(new TcpTransport(socket, { remoteAddress: peer }), surroundings, slot);
    // Too many that have not proven anything. RFC 6120 §13.12.
    const crowded = () => session.stream.fail("resource-constraint", "too many streams are not authenticated");
    if (slot === undefined) crowded();
    return crowded;
  };
  if (options.tls === "direct" && context.tlsContext(options.defaultDomain) === undefined)
    throw new Error("direct TLS needs a host with a certificate");
  const server = createServer((socket) => {
    // Behind a PROXY header the socket below knows the peer's address, and the TLS on it does not.
    const peer = socket.remoteAddress;
    let end: () => void = () => socket.destroy();
    const slot = streams.admit(peer ?? "", () => end());
    socket.once("close", () => slot?.release());
    if (options.tls === "starttls") end = accept(socket, slot, peer);
    else if (slot === undefined) socket.destroy();
    else
      secure(socket, options, context, (secured) => {
        end = accept(secured, slot, peer);
      });
  });
  expectProxyHeaders(server, options.proxyProtocol, context);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port: options.port, host: options.address, backlog: BACKLOG }, () => {
      server.off("error", reject);
      server.on("error", (error) => context.log.error({ err: error }, "s2s listener failed"));
      resolve(server);
    });
  });
}

/** TLS from the first octet. `tls.createServer` takes no ready context, so each socket is wrapped by itself. */
function secure(
  plain: Socket,
  options: S2sListenerOptions,
  context: FederationContext,
  done: (socket: TLSSocket) => void,
): void {
  const secureContext = context.tlsContext(options.defaultDomain);
  if (secureContext === undefined) return void plain.destroy();
  const settings = acceptOptions({
    context: secureContext,
    contextFor: (domain) => context.tlsContext(domain),
    directTls: true,
  });
  const secured = new TLSSocket(plain, settings);
  const deadline = context.clock.setTimeout(() => plain.destroy(), context.config.connectSeconds * 1000);
  plain.once("close", () => context.clock.clearTimeout(deadline));
  secured.on("error", (error) => {
    const peer = plain.remoteAddress ?? "";
    context.strangers.tell({ peer, name: "" }, { reason: error.message, peer }, "s2s in TLS handshake failed");
    plain.destroy();
  });
  secured.once("secure", () => {
    context.clock.clearTimeout(deadline);
    done(secured);
  });
}
