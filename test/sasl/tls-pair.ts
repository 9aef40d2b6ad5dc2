// Both ends of a real TLS connection on loopback.

import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { type ConnectionOptions, connect, type SecureContext, TLSSocket } from "node:tls";

/** Two connected ends; `close` ends both. */
export interface TlsPair {
  readonly server: TLSSocket;
  readonly client: TLSSocket;
  close(): Promise<void>;
}

/** Connects a client to a server with this context, as STARTTLS does: an upgraded socket. */
export async function tlsPair(
  context: SecureContext,
  options: ConnectionOptions = {},
  sni?: (name: string) => SecureContext | undefined,
): Promise<TlsPair> {
  const listener = createServer();
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const accepted = once(listener, "connection");
  const client = connect({
    port: (listener.address() as AddressInfo).port,
    host: "127.0.0.1",
    rejectUnauthorized: false,
    ...options,
  });
  const clientReady = once(client, "secureConnect");
  const [raw] = await accepted;
  const server = new TLSSocket(raw, {
    isServer: true,
    secureContext: context,
    requestCert: true,
    rejectUnauthorized: false,
    SNICallback: (name, callback) => callback(null, sni?.(name) ?? context),
  });
  server.on("error", () => {});
  client.on("error", () => {});
  const close = async () => {
    const closed = once(listener, "close");
    client.destroy();
    server.destroy();
    listener.close();
    await closed;
  };
  try {
    await Promise.all([once(server, "secure"), clientReady]);
  } catch (error) {
    clientReady.catch(() => {}); // both ends fail, and one tells first
    await close();
    throw error;
  }
  return { server, client, close };
}
