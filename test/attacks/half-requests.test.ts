// Half a request over HTTP holds its connection as long as an authentication may take, and no longer.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { expect, test } from "@jest/globals";
import { listenForObservers } from "../../server/observe/listener.ts";
import { NodeMetrics } from "../../server/observe/metrics.ts";
import { startTarget } from "./node.ts";

/** What somebody may send of a request who never ends it. */
const HALVES: readonly string[] = ["", "GET /.well-known/host-meta HTTP/1.1\r\nHost: verona.test\r\n"];
/** Real ms in which a test ends: what a request has, and some for a busy machine. */
const LONG = 30_000;

/** All that came until the other side has closed. */
async function untilClosed(socket: Socket, sent: string): Promise<string> {
  let text = "";
  socket.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  socket.on("error", () => undefined);
  socket.write(sent);
  await once(socket, "close");
  return text;
}

test.each([false, true])(
  "clients' listener, TLS: %s",
  async (tls) => {
    const listener = tls ? { kind: "http", port: 0, tls: true } : { kind: "http", port: 0, tlsTerminated: true };
    const target = await startTarget({
      listeners: JSON.stringify([listener]),
      "limits.authenticationSeconds": "1",
    });
    try {
      const port = target.listeners[0]?.port ?? 0;
      const open = () =>
        tls ? connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false }) : connect(port, "127.0.0.1");
      const told = await Promise.all(HALVES.map((half) => untilClosed(open(), half)));
      for (const text of told) expect(text).toMatch(/^(HTTP\/1\.1 408 |$)/);
    } finally {
      await target.stop();
    }
  },
  LONG,
);

test(
  "listener of those who watch",
  async () => {
    const listener = await listenForObservers("127.0.0.1", 0, {
      metrics: new NodeMetrics(),
      notReady: () => Promise.resolve(undefined),
    });
    try {
      const told = await Promise.all(HALVES.map((half) => untilClosed(connect(listener.port, "127.0.0.1"), half)));
      for (const text of told) expect(text).toMatch(/^(HTTP\/1\.1 408 |$)/);
    } finally {
      await listener.close();
    }
  },
  LONG,
);
