// Listens for clients on TCP, with STARTTLS or direct TLS. RFC 6120 §5, XEP-0368.
import { createServer, type Server, type Socket } from "node:net";
import { expectProxyHeaders } from "../stream/proxy-protocol.ts";
import { TcpTransport } from "../stream/tcp.ts";
import { C2sConnection } from "./connection.ts";
import type { C2sContext } from "./context.ts";
import { expectTls } from "./direct-tls.ts";

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
  const server = createServer(accept);
  if (options.tls === "direct") expectTls(server, { alpn: ["xmpp-client"], clientCertificates: true }, context);
  limitConnections(server, context.limits.connectionsPerAddress);
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

/**
 * Refuses connections of an address that has too many. They are counted as they come: one that never makes its TLS
 * handshake, or never sends its request, holds a connection as well. Call it between `expectTls` and
 * `expectProxyHeaders`: behind a PROXY header it is the client's address that counts.
 */
export function limitConnections(server: Server, limit: number): void {
  const perAddress = new AddressCount(limit);
  server.prependListener("connection", (socket: Socket) => perAddress.admit(socket));
}

/** Counts connections by address, and refuses what is too many. */
export class AddressCount {
  private readonly limit: number;
  private readonly counts = new Map<string, number>();

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Counts a socket until it closes; false (and the socket dropped) where its address has too many. */
  admit(socket: Socket): boolean {
    const address = socket.remoteAddress ?? "";
    const count = this.counts.get(address) ?? 0;
    if (count >= this.limit) {
      socket.destroy();
      return false;
    }
    this.counts.set(address, count + 1);
    socket.once("close", () => {
      const left = (this.counts.get(address) ?? 1) - 1;
      if (left === 0) this.counts.delete(address);
      else this.counts.set(address, left);
    });
    return true;
  }
}
