// A name server that does to each query what the test wants, over UDP and TCP: for the hostile cases.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { type Answer, type DecodedPacket, decode, encode, type Packet } from "dns-packet";

/** A query as it came, with ways to answer it. */
export interface RawQuery {
  readonly transport: "udp" | "tcp";
  readonly packet: DecodedPacket;
  readonly name: string;
  readonly type: string;
  readonly fromPort: number;
  /** Sends bytes back; over TCP with their length before them. */
  send(bytes: Buffer): void;
  /** Sends an answer made from the query, changed by `changes`. */
  answer(answers: readonly Answer[], changes?: Partial<Packet>): void;
  /** Ends a TCP connection. */
  hangUp(): void;
}

/** A running server. */
export interface RawServer {
  readonly server: string;
  readonly port: number;
  readonly queries: RawQuery[];
  close(): Promise<void>;
}

/** One port for both transports; one that is free for UDP may be taken for TCP, and then another is tried. */
async function listenOnBoth() {
  for (;;) {
    const tcp = createServer();
    const udp = createSocket("udp4");
    udp.bind(0, "127.0.0.1");
    await once(udp, "listening");
    const { port } = udp.address();
    try {
      tcp.listen(port, "127.0.0.1");
      await once(tcp, "listening");
      return { tcp, udp, port };
    } catch {
      udp.close();
    }
  }
}

/** Starts a server on a free port of 127.0.0.1. */
export async function startRawServer(behave: (query: RawQuery) => void): Promise<RawServer> {
  const { tcp, udp, port } = await listenOnBoth();
  const queries: RawQuery[] = [];
  const sockets = new Set<Socket>();
  const take = (
    bytes: Buffer,
    transport: "udp" | "tcp",
    fromPort: number,
    send: (bytes: Buffer) => void,
    hangUp = () => {},
  ) => {
    const packet = decode(bytes);
    const { name = "", type = "" } = packet.questions?.[0] ?? {};
    const answer = (answers: readonly Answer[], changes: Partial<Packet> = {}) => {
      const { questions } = packet;
      send(encode({ type: "response", id: packet.id, flags: 0x180, questions, answers: [...answers], ...changes }));
    };
    const query: RawQuery = { transport, packet, name, type, fromPort, send, answer, hangUp };
    queries.push(query);
    behave(query);
  };
  udp.on("message", (bytes, from) =>
    take(bytes, "udp", from.port, (reply) => udp.send(reply, from.port, from.address)),
  );
  tcp.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes: Buffer) => {
      const send = (reply: Buffer) => {
        const length = Buffer.alloc(2);
        length.writeUInt16BE(reply.length);
        socket.write(Buffer.concat([length, reply]));
      };
      take(bytes.subarray(2), "tcp", socket.remotePort ?? 0, send, () => socket.destroy());
    });
  });
  return {
    server: `127.0.0.1:${port}`,
    port,
    queries,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all([
        new Promise((resolve) => tcp.close(resolve)),
        new Promise<void>((resolve) => udp.close(() => resolve())),
      ]);
    },
  };
}
