// A server that answers text over TLS by our own records: what it read, between angle brackets.
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { TlsContexts } from "../../server/tls/contexts.ts";
import { TcpTransport } from "../../xmpp/stream/tcp.ts";
import { issue, pemFolder } from "./certificates.ts";

/** A connection to the server. */
export interface Accepted {
  readonly transport: TcpTransport;
  readonly socket: Socket;
  /** All that was read. */
  read: string;
  /** Bytes that were told, with the text and beside it. */
  cost: number;
  /** Resolves with why the connection ended. */
  readonly closed: Promise<Error | undefined>;
}

/** The server. */
export class RecordsServer {
  readonly port: number;
  readonly connections: Accepted[] = [];
  /** Whatever reached the server before TLS was there. */
  readonly failed: Error[] = [];
  private readonly server: Server;
  private readonly waiting: ((accepted: Accepted) => void)[] = [];

  private constructor(server: Server) {
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  /** Listens; `own` false leaves the records to OpenSSL, `echo` false answers nothing. */
  static async start({ own = true, echo = true, requestCert = false } = {}): Promise<RecordsServer> {
    const folder = pemFolder();
    const { certificatePem, keyPem } = issue({ dns: ["verona.test"] });
    const certificate = { certificate: folder.write("c.pem", certificatePem), key: folder.write("c.key", keyPem) };
    const tls = new TlsContexts([{ domain: "verona.test", certificate }], { watchSeconds: 0 });
    folder.remove();
    const server = createServer((socket) => {
      const transport = new TcpTransport(socket, { ownRecords: own });
      const begun = transport.startTls("server", {
        context: tls.forDomain("verona.test"),
        alpn: "xmpp-client",
        requestCert,
      });
      begun.then(
        () => records.accept(transport, socket, echo),
        (error: Error) => records.failed.push(error),
      );
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const records = new RecordsServer(server);
    return records;
  }

  /** The next connection whose handshake is done. */
  next(): Promise<Accepted> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  async stop(): Promise<void> {
    for (const { transport } of this.connections) transport.destroy();
    this.server.close();
    await once(this.server, "close");
  }

  private accept(transport: TcpTransport, socket: Socket, echo: boolean): void {
    const { promise: closed, resolve } = Promise.withResolvers<Error | undefined>();
    const accepted: Accepted = { transport, socket, read: "", cost: 0, closed };
    this.connections.push(accepted);
    transport.attach({
      text(text, bytes) {
        accepted.read += text;
        accepted.cost += bytes;
        if (echo) transport.write(`<${text}>`);
      },
      overhead(bytes) {
        accepted.cost += bytes;
      },
      reading: () => {},
      deciphered(cost) {
        accepted.cost += cost;
      },
      malformed: () => transport.destroy(),
      closed: resolve,
      drained: () => {},
    });
    for (const told of this.waiting.splice(0)) told(accepted);
  }
}
