// Clients that name no host in their handshake get the first host's certificate, on direct TLS. RFC 6066 §3.
import { connect, type TLSSocket } from "node:tls";
import { expect, test } from "@jest/globals";
import { startTarget } from "../attacks/node.ts";

test("direct TLS without SNI is answered with a certificate", async () => {
  const target = await startTarget();
  try {
    const listener = target.listeners.find(({ kind, tls }) => kind === "c2s" && tls === "direct");
    const socket = await new Promise<TLSSocket>((resolve, reject) => {
      const made: TLSSocket = connect(
        { host: "127.0.0.1", port: listener?.port ?? 0, rejectUnauthorized: false, ALPNProtocols: ["xmpp-client"] },
        () => resolve(made),
      );
      made.once("error", reject);
    });
    expect(socket.getPeerX509Certificate()).toBeDefined();
    expect(socket.alpnProtocol).toBe("xmpp-client");
    socket.destroy();
  } finally {
    await target.stop();
  }
});
