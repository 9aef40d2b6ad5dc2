// Sockets between members: listened for and connected, within TLS by the record's key where the cluster asks for it.
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { connect as connectTls, TLSSocket, type TLSSocketOptions, type TlsOptions } from "node:tls";
import type { Clock } from "../../../xmpp/clock.ts";
import type { LinkRecord } from "./records.ts";
import { Strangers } from "./strangers.ts";

/** ms for a connection to come about. */
const CONNECT_TIMEOUT = 5_000;

/** No certificate: who reads the registry has the key. RFC 4279, RFC 8446 §2.2. */
const PSK = { minVersion: "TLSv1.3", ciphers: "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256" } as const;
const IDENTITY = "member";

/** Where this member listens, and how. */
export interface Listening {
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  readonly key: Buffer;
  readonly tls: boolean;
}

/** Where the others connect. */
export interface Listener {
  readonly port: number;
  /** Nobody is let in any more, and whoever has not proven to be a member by now is not. */
  close(): void;
}

/**
 * Listens; `taken` is given each connection, and calls `proven` once it is a member's. Until then it is a stranger's, of
 * which there are few at once and none for long. @throws where the address cannot be listened on
 */
export async function listenForMembers(
  { address, port, key, tls }: Listening,
  clock: Clock,
  taken: (socket: Socket, proven: () => void) => void,
): Promise<Listener> {
  const strangers = new Strangers(clock);
  const secure: TLSSocketOptions & Pick<TlsOptions, "pskCallback"> = {
    ...PSK,
    isServer: true,
    pskCallback: (_socket, identity) => (identity === IDENTITY ? key : null),
  };
  const server = createServer((socket) => {
    const proven = strangers.add(socket.unref());
    if (!tls) return taken(socket, proven);
    const secured = new TLSSocket(socket, secure);
    // A handshake that fails is that one's matter.
    secured.on("error", () => socket.destroy());
    secured.once("secure", () => taken(secured, proven));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: address, port }, () => resolve());
  });
  // A connection that could not be taken is that one's matter.
  server.on("error", () => {});
  server.unref();
  const close = () => {
    server.close();
    strangers.end();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

/** Connects to a member; undefined where it cannot be reached. */
export function connectToMember({ host, port, key }: LinkRecord, tls: boolean): Promise<Socket | undefined> {
  const socket = tls
    ? connectTls({
        ...PSK,
        host,
        port,
        pskCallback: () => ({ psk: key, identity: IDENTITY }),
        checkServerIdentity: () => undefined,
      })
    : connect({ host, port });
  return new Promise((resolve) => {
    const failed = () => {
      socket.destroy();
      resolve(undefined);
    };
    socket.setTimeout(CONNECT_TIMEOUT, failed);
    socket.once("error", failed);
    socket.once("close", failed);
    socket.once(tls ? "secureConnect" : "connect", () => {
      socket.setTimeout(0);
      socket.removeAllListeners();
      resolve(socket.unref());
    });
  });
}

/** True where nobody listens there: the process is gone, as long as its machine answers. */
export function refusesConnections({ host, port }: LinkRecord): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const known = (refused: boolean) => {
      socket.destroy();
      resolve(refused);
    };
    socket.setTimeout(CONNECT_TIMEOUT, () => known(false));
    socket.once("connect", () => known(false));
    socket.once("error", (error: NodeJS.ErrnoException) => known(error.code === "ECONNREFUSED"));
  });
}
