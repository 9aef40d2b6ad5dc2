// A client's connection over WebSocket, one element a frame. RFC 7395.
import { once } from "node:events";
import { WebSocket } from "ws";
import type { Carrier } from "./carrier.ts";

const CONNECT_MS = 10_000;
const nothing = () => undefined;

/** Connects with the subprotocol `xmpp`. @throws Error where it cannot */
export async function overWebSocket(url: string): Promise<Carrier> {
  const socket = new WebSocket(url, "xmpp", { handshakeTimeout: CONNECT_MS, perMessageDeflate: false });
  const carrier: Carrier = {
    framed: true,
    onText: nothing,
    onClose: nothing,
    localPort: undefined,
    write: (text) => socket.send(text, nothing),
    async secure() {
      throw new Error("a WebSocket is encrypted by its URL");
    },
    bindingData() {
      throw new Error("channel binding needs TLS");
    },
    end: () => socket.close(),
    drop: () => socket.terminate(),
  };
  socket.on("message", (bytes: Buffer) => carrier.onText(bytes.toString("utf8")));
  socket.on("error", (error) => carrier.onClose(error.message));
  socket.on("close", () => carrier.onClose("the connection was closed"));
  await once(socket, "open");
  return carrier;
}
