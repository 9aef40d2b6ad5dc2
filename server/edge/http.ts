// The HTTP listener of a node: WebSocket (RFC 7395), host-meta (XEP-0156), and streams told apart by ALPN (XEP-0368).
import type { IncomingMessage, Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Server as TlsServer } from "node:tls";
import Fastify from "fastify";
import { WebSocketServer } from "ws";
import type { ListenerConfig } from "../../contract/contract.ts";
import { awaitFirstBytes } from "../../xmpp/stream/first-bytes.ts";
import { KEEP_ALIVE, TcpTransport } from "../../xmpp/stream/tcp.ts";
import { StreamWebSocket, WebSocketTransport } from "../../xmpp/stream/websocket.ts";
import { C2sConnection } from "../c2s/connection.ts";
import type { C2sContext } from "../c2s/context.ts";
import { REQUEST_CHECKS } from "../request-checks.ts";
import { keepDefaultContext } from "../tls/default-context.ts";
import { alpnProtocols, divertStreams } from "./alpn.ts";
import { hostMetaJson, hostMetaXml } from "./host-meta.ts";
import { serveModules } from "./http-routes.ts";
import { expectProxyHeaders } from "./proxy-protocol.ts";
import { limitConnections } from "./tcp.ts";

type HttpListenerConfig = Extract<ListenerConfig, { kind: "http" }>;

/** A running HTTP listener. */
export interface HttpListener {
  readonly port: number;
  close(): Promise<void>;
}

/** Starts the listener. @throws Error of the system (`EADDRINUSE` …) */
export async function listenForHttp(config: HttpListenerConfig, context: C2sContext): Promise<HttpListener> {
  const patience = context.limits.authenticationSeconds * 1000;
  // Whole ms, and no time for a request in all: Node refuses to start where that is the shorter one.
  const checks = { ...REQUEST_CHECKS, headersTimeout: Math.ceil(patience), requestTimeout: 0 };
  const app = Fastify({
    forceCloseConnections: true,
    // What comes before the body has as long as an authentication, and so has the body (`timeBody`).
    ...(config.tls ? { https: { ...httpsOptions(config, context), ...checks } } : { http: checks }),
  });
  const url = () => config.publicUrl ?? defaultUrl(config, app.server.address() as AddressInfo);
  app.get("/.well-known/host-meta", (_request, reply) =>
    reply.header("access-control-allow-origin", "*").type("application/xrd+xml").send(hostMetaXml(url())),
  );
  app.get("/.well-known/host-meta.json", (_request, reply) =>
    reply.header("access-control-allow-origin", "*").send(hostMetaJson(url())),
  );
  const { hosts, clock, log, limits } = context;
  serveModules(app, { hosts, clock, log, bodyBytes: limits.stanzaBytes, patience });
  const { server } = app;
  if (config.tls) awaitFirstBytes(server, patience, context.clock);
  const secured = config.tls ? [...context.hosts.values()].find((host) => host.hasTls) : undefined;
  if (secured !== undefined) keepDefaultContext(server as unknown as TlsServer, context.tls, secured.domain);
  if (config.directTls)
    divertStreams(server as unknown as TlsServer, (socket) => {
      if (!socket.destroyed) new C2sConnection(new TcpTransport(socket), context);
    });
  limitConnections(server, context.addresses, config.tls, config.proxyProtocol);
  server.on("connection", (socket: Socket) => void socket.setKeepAlive(true, KEEP_ALIVE));
  const sockets = acceptWebSockets(app.server as Server, config, context);
  expectProxyHeaders(app.server as Server, config.proxyProtocol, context);
  await app.listen({ port: config.port, host: config.address });
  return {
    port: (app.server.address() as AddressInfo).port,
    async close() {
      sockets.close();
      await app.close();
    },
  };
}

function acceptWebSockets(server: Server, config: HttpListenerConfig, context: C2sContext): WebSocketServer {
  const sockets = new WebSocketServer({
    noServer: true,
    WebSocket: StreamWebSocket,
    maxPayload: context.limits.stanzaBytes,
    perMessageDeflate: false,
    handleProtocols: (protocols) => (protocols.has("xmpp") ? "xmpp" : false),
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const path = request.url?.split("?", 1)[0];
    const protocols = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
    // RFC 7395 §3.1: the subprotocol is what makes it XMPP.
    if (path !== config.websocketPath) return refuse(socket, "404 Not Found");
    if (!protocols.includes("xmpp")) return refuse(socket, "400 Bad Request");
    sockets.handleUpgrade(request, socket, head, (connection) => {
      const transport = new WebSocketTransport(
        connection,
        socket,
        request.socket.remoteAddress ?? "",
        config.tls || config.tlsTerminated,
      );
      new C2sConnection(transport, context);
    });
  });
  return sockets;
}

function refuse(socket: Duplex, status: string): void {
  socket.on("error", () => {});
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
}

function httpsOptions(config: HttpListenerConfig, context: C2sContext): object {
  const first = [...context.hosts.values()].find((host) => host.hasTls);
  if (first === undefined) throw new Error("an HTTPS listener needs a host with a certificate");
  return {
    ...(config.directTls && { ALPNProtocols: alpnProtocols }),
    SNICallback: (servername: string, callback: (error: Error | null, secured: unknown) => void) =>
      callback(null, context.tls.sni(servername) ?? context.tls.forDomain(first.domain)),
  };
}

function defaultUrl(config: HttpListenerConfig, address: AddressInfo): string {
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return `${config.tls ? "wss" : "ws"}://${host}:${address.port}${config.websocketPath}`;
}
