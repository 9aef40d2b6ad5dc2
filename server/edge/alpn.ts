// One TLS port for two kinds of clients, told apart by ALPN: `xmpp-client` is a stream, all else HTTP. XEP-0368 §3.
import type { Server, TLSSocket } from "node:tls";

/** What an HTTPS server that also takes streams offers; whoever asks for nothing gets HTTP. */
export const alpnProtocols = ["xmpp-client", "http/1.1"];

/**
 * Makes an HTTPS server hand connections that chose `xmpp-client` to `accept`; its own listeners get the others. Call it
 * before anything else is put in front of those listeners.
 */
export function divertStreams(server: Server, accept: (socket: TLSSocket) => void): void {
  const toHttp = server.listeners("secureConnection");
  server.removeAllListeners("secureConnection");
  server.on("secureConnection", (socket: TLSSocket) => {
    if (socket.alpnProtocol === "xmpp-client") return accept(socket);
    for (const listener of toHttp) listener.call(server, socket);
  });
}
