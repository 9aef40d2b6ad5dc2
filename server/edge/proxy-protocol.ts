// Makes a listener take the PROXY header of its load balancer, so that every connection shows the client's own address.
import type { Server, Socket } from "node:net";
import { type TLSSocket, Server as TlsServer } from "node:tls";
import type { Logger } from "pino";
import { Networks } from "../../contract/networks.ts";
import type { Clock } from "../../xmpp/clock.ts";
import { type ProxySource, readProxyHeader } from "./proxy-header.ts";

/** ms from connection to complete header. */
export const PROXY_HEADER_MS = 5_000;

/** What waiting and telling need. */
export interface ProxyProtocolContext {
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Makes `server` (of net, tls, http or https) expect a PROXY header, version 1 or 2, on every connection from one of
 * `networks` (CIDR), and none from elsewhere. It comes in clear, before TLS. What is malformed, too large or later than
 * `PROXY_HEADER_MS` closes the connection. Afterwards `remoteAddress` and `remotePort` of the socket (the `TLSSocket` of
 * a TLS server too) are the client's. Without networks nothing is changed.
 *
 * Call it once the server's own connection listeners are in place, before it listens: it steps in front of them.
 */
export function expectProxyHeaders(server: Server, networks: readonly string[], context: ProxyProtocolContext): void {
  if (networks.length === 0) return;
  const trusted = new Networks(networks);
  const listeners = server.listeners("connection");
  const showSource = server instanceof TlsServer ? sourcesOfTls(server) : overrideRemote;
  const handOver = (socket: Socket) => {
    // While the header was awaited the server may have begun to drain: it takes no new connections.
    if (!server.listening) return socket.destroy();
    for (const listener of listeners) listener.call(server, socket);
    return socket;
  };
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    // Reset before it was accepted, as health checks are: nobody is there, and whose it was can no longer be told.
    if (socket.remoteAddress === undefined) return void socket.on("error", ignore).destroy();
    if (!trusted.has(socket.remoteAddress)) return void handOver(socket);
    awaitHeader(socket, context, (source) => {
      if (source !== undefined) showSource(socket, source);
      handOver(socket);
    });
  });
}

/** Waits for the header, puts back what came behind it, then calls `done`; else closes the connection. */
function awaitHeader(
  socket: Socket,
  { clock, log }: ProxyProtocolContext,
  done: (source: ProxySource | undefined) => void,
): void {
  const peer = socket.remoteAddress;
  let bytes: Buffer = Buffer.alloc(0);
  const timer = clock.setTimeout(() => refuse(`none within ${PROXY_HEADER_MS} ms`), PROXY_HEADER_MS);
  const stop = () => {
    clock.clearTimeout(timer);
    socket.off("readable", read).off("close", stop).off("error", ignore).off("end", drop);
  };
  const drop = () => void socket.destroy();
  const refuse = (reason: string) => {
    stop();
    socket.on("error", ignore);
    log.warn({ peer, reason }, "PROXY header refused");
    socket.destroy();
  };
  const read = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    const header = readProxyHeader(bytes);
    if (header.kind === "incomplete") return;
    if (header.kind === "malformed") return refuse(header.reason);
    stop();
    if (bytes.length > header.bytes) socket.unshift(bytes.subarray(header.bytes));
    done(header.source);
  };
  // A balancer that only looks whether the port is open sends nothing and closes: that is no mistake to tell of.
  socket.on("readable", read).on("close", stop).on("error", ignore).on("end", drop);
}

function ignore(): void {}

/** Whoever asks the socket gets the client's address, so that no log and no limit can see the proxy's by mistake. */
function overrideRemote(socket: Socket, { address, port }: ProxySource): void {
  Object.defineProperties(socket, {
    remoteAddress: { value: address, enumerable: true },
    remotePort: { value: port, enumerable: true },
    remoteFamily: { value: address.includes(":") ? "IPv6" : "IPv4", enumerable: true },
  });
}

/**
 * A TLS server shows its `TLSSocket` only after the handshake, and not the socket below; both share the proxy's address
 * and port, which no other open connection of this listener has.
 */
function sourcesOfTls(server: TlsServer): (socket: Socket, source: ProxySource) => void {
  const sources = new Map<string, ProxySource>();
  const show = (secured: TLSSocket) => {
    const source = sources.get(endpoint(secured));
    if (source !== undefined) overrideRemote(secured, source);
  };
  server.prependListener("secureConnection", show);
  server.prependListener("tlsClientError", (_error, secured) => show(secured));
  return (socket, source) => {
    const key = endpoint(socket);
    sources.set(key, source);
    socket.once("close", () => sources.delete(key));
  };
}

function endpoint({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
