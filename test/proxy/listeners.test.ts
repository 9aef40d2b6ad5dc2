// Every kind of listener behind a balancer: the client's own address is what the node notes and limits.
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { contextOf } from "../harness/certificates.ts";
import { ProxiedNode } from "./node.ts";
import { logInByWebSocket, open, Speaker, v1, v2, type Way } from "./speaker.ts";

const CLIENT = { alpn: "xmpp-client" };
let node: ProxiedNode;

beforeAll(async () => {
  node = await ProxiedNode.start(["127.0.0.1/32", "2001:db8:ffff::/48"], { "limits.connectionsPerAddress": 2 });
});
afterAll(() => node.stop());

const last = () => node.loggedIn().at(-1);

/** Every way a header may come. */
const HEADERS: [string, string, Way][] = [
  ["version 1", "192.0.2.1", { header: v1("192.0.2.1") }],
  ["version 1 of IPv6", "2001:db8::1", { header: v1("2001:db8::1") }],
  ["version 1 byte by byte", "192.0.2.2", { header: v1("192.0.2.2"), bytewise: true }],
  ["version 2", "192.0.2.3", { header: v2("192.0.2.3") }],
  ["version 2 byte by byte", "192.0.2.4", { header: v2("192.0.2.4"), bytewise: true }],
  ["LOCAL, and a stream all the same", "127.0.0.1", { header: v2() }],
  ["from elsewhere, without a header", "127.0.0.9", { from: "127.0.0.9" }],
];

describe.each(HEADERS)("%s", (_, address, way) => {
  test("c2s with STARTTLS", async () => {
    const client = await Speaker.connect(node.ports.c2s, way);
    await client.openStream();
    await client.startTls();
    await client.logIn("romeo");
    expect(last()).toBe(address);
    client.end();
  });

  test("c2s with direct TLS", async () => {
    const client = await Speaker.connect(node.ports.c2sTls, { ...way, direct: CLIENT });
    await client.logIn("romeo");
    expect(last()).toBe(address);
    client.end();
  });

  test.each(["http", "https"] as const)("WebSocket over %s", async (kind) => {
    const socket = await open(node.ports[kind], { ...way, ...(kind === "https" && { direct: { alpn: "http/1.1" } }) });
    await logInByWebSocket(socket);
    expect(last()).toBe(address);
  });

  test("s2s with direct TLS", async () => {
    const direct = { alpn: "xmpp-server", context: contextOf("capulet.test") };
    const peer = await Speaker.connect(node.ports.s2sTls, { ...way, direct });
    await provideCertificate(peer, address);
  });

  test("s2s with STARTTLS", async () => {
    const peer = await Speaker.connect(node.ports.s2s, way);
    await peer.openStream("jabber:server", "capulet.test");
    await peer.startTls(contextOf("capulet.test"));
    await provideCertificate(peer, address);
  });
});

async function provideCertificate(peer: Speaker, address: string): Promise<void> {
  await peer.provideCertificate("capulet.test");
  expect(node.incoming()).toMatchObject([{ from: "capulet.test", peer: address }]);
  peer.send("</stream:stream>");
  await peer.closed;
}

describe("what is not taken", () => {
  const kinds = ["c2s", "c2sTls", "http", "https", "s2s", "s2sTls"] as const;

  test.each(kinds)("%s: a connection of the balancer's network without header is closed", async (kind) => {
    const before = node.logged("PROXY header refused").length;
    const socket = await open(node.ports[kind], { header: Buffer.from("<stream:stream xmlns='jabber:client'>") });
    await once(socket, "close");
    expect(socket.bytesRead).toBe(0);
    expect(node.logged("PROXY header refused").slice(before)).toMatchObject([{ peer: "127.0.0.1" }]);
  });

  test.each(kinds)("%s: a header from elsewhere is not believed", async (kind) => {
    const before = node.loggedIn().length;
    const socket = await open(node.ports[kind], { header: v1("192.0.2.1"), from: "127.0.0.9" });
    socket.resume();
    await once(socket, "close");
    expect(node.loggedIn()).toHaveLength(before);
  });

  test.each(kinds)("%s: a health check's LOCAL header and its end leave no trace", async (kind) => {
    const before = node.logged("PROXY header refused").length;
    const socket = await open(node.ports[kind], { header: v2() });
    socket.resume().end();
    await once(socket, "close");
    expect(node.logged("PROXY header refused")).toHaveLength(before);
  });
});

describe("connections for each address", () => {
  /** What a client sees whose connection ends before its handshake. */
  const REFUSED = /disconnected before secure|ECONNRESET|EPIPE/;
  const way = (address: string): Way => ({ header: v1(address) });

  test("are counted by the client's address, with STARTTLS", async () => {
    const clients = await Promise.all([1, 2].map(() => Speaker.connect(node.ports.c2s, way("192.0.2.50"))));
    for (const client of clients) await client.openStream();
    await (await Speaker.connect(node.ports.c2s, way("192.0.2.50"))).closed;
    const other = await Speaker.connect(node.ports.c2s, way("192.0.2.51"));
    await other.openStream();
    for (const client of [...clients, other]) client.end();
  });

  test("are counted by the client's address, with direct TLS", async () => {
    const direct = (address: string) => Speaker.connect(node.ports.c2sTls, { ...way(address), direct: CLIENT });
    const clients = [await direct("192.0.2.60"), await direct("192.0.2.60")];
    for (const client of clients) await client.openStream();
    await expect(direct("192.0.2.60")).rejects.toThrow(REFUSED);
    const other = await direct("192.0.2.61");
    await other.openStream();
    for (const client of [...clients, other]) client.end();
  });

  test.each(["c2s", "c2sTls"] as const)(
    "are counted by a client's network of IPv6, a whole /64 as one (%s)",
    async (kind) => {
      const net = kind === "c2s" ? "2001:db8:0:50" : "2001:db8:0:60";
      const connect = (address: string) =>
        Speaker.connect(node.ports[kind], { ...way(address), ...(kind === "c2sTls" ? { direct: CLIENT } : {}) });
      const clients = [await connect(`${net}::1`), await connect(`${net}::3`)];
      for (const client of clients) await client.openStream();
      for (const address of [`${net}::2`, `${net}:ffff:ffff:ffff:ffff`])
        if (kind === "c2s") await (await connect(address)).closed;
        else await expect(connect(address)).rejects.toThrow(REFUSED);
      const other = await connect(`${net.slice(0, -1)}1::1`);
      await other.openStream();
      for (const client of [...clients, other]) client.end();
    },
  );
});
