// Listens for external components. XEP-0114.
import { createServer, type Server } from "node:net";
import { TcpTransport } from "../../xmpp/stream/tcp.ts";
import { ComponentConnection, type ComponentContext } from "./connection.ts";

/** Starts listening. @throws Error of the system (`EADDRINUSE` …) */
export function listenForComponents(address: string, port: number, context: ComponentContext): Promise<Server> {
  const server = createServer((socket) => new ComponentConnection(new TcpTransport(socket), context));
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host: address }, () => {
      server.off("error", reject);
      server.on("error", (error) => context.log.error({ err: error }, "component listener failed"));
      resolve(server);
    });
  });
}
