// Begins TLS on a connection once its first bytes are there: what it reads into is then no larger than it needs.
import type { Server, Socket } from "node:net";
import type { Clock } from "../clock.ts";

/**
 * Calls `come` once something can be read, and leaves it unread; `gone` where the connection ends before. A TLS socket
 * that begins to read by itself is given 64 KiB to read into for as long as it lives; one that finds its peer's first
 * words waiting takes a quarter of that (decision 0029).
 */
export function onFirstBytes(socket: Socket, come: () => void, gone: () => void): void {
  if (socket.readableLength > 0) return come();
  const stop = () => {
    socket.off("readable", readable).off("close", over).off("error", over).off("end", over);
  };
  const over = () => {
    stop();
    gone();
  };
  const readable = () => {
    if (socket.readableLength === 0) return;
    stop();
    come();
  };
  socket.on("readable", readable).on("close", over).on("error", over).on("end", over);
}

/**
 * Makes a TLS (or HTTPS) server wait for the first bytes of each connection; who sends none within `patience` ms is
 * dropped. Call it before anything else listens to the server's connections.
 */
export function awaitFirstBytes(server: Server, patience: number, clock: Clock): void {
  const listeners = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    const drop = () => {
      clock.clearTimeout(deadline);
      socket.destroy();
    };
    const deadline = clock.setTimeout(drop, patience);
    const begin = () => {
      clock.clearTimeout(deadline);
      for (const listener of listeners) listener.call(server, socket);
    };
    onFirstBytes(socket, begin, drop);
  });
}
