// The header on bare sockets: who must send one, in which time, and what is not taken.
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "@jest/globals";
import { pino } from "pino";
import { expectProxyHeaders, PROXY_HEADER_MS } from "../../server/edge/proxy-protocol.ts";
import { ManualClock } from "../harness/manual-clock.ts";
import { open, v1, v2, type Way } from "./speaker.ts";

interface Seen {
  readonly address: string | undefined;
  readonly port: number | undefined;
  text: string;
}

const servers: Server[] = [];
const sockets: Socket[] = [];
const clock = new ManualClock(0);
const warnings: string[] = [];
const log = pino(
  { level: "warn", base: null, timestamp: false },
  { write: (line: string) => void warnings.push(line) },
);

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  warnings.splice(0);
});

/** A server that remembers who connected and answers every text. */
async function listen(
  networks: readonly string[],
  host = "127.0.0.1",
): Promise<{ port: number; seen: Seen[]; server: Server }> {
  const seen: Seen[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    const one: Seen = { address: socket.remoteAddress, port: socket.remotePort, text: "" };
    seen.push(one);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      one.text += chunk;
      socket.write(`heard ${one.text}`);
    });
  });
  servers.push(server);
  expectProxyHeaders(server, networks, { clock, log });
  server.listen(0, host);
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, seen, server };
}

async function say(port: number, text: string, way: Way): Promise<void> {
  const socket = await open(port, way);
  sockets.push(socket);
  socket.write(text);
  await once(socket, "data");
}

const LOOPBACK = ["127.0.0.1"];

describe("a configured network", () => {
  test.each<[string, Buffer, string]>([
    ["version 1", v1("192.0.2.1"), "192.0.2.1"],
    ["version 1 of IPv6", v1("2001:db8::1"), "2001:db8::1"],
    ["version 2", v2("192.0.2.1"), "192.0.2.1"],
  ])("%s, at once with what follows and byte by byte", async (_, header, address) => {
    const { port, seen } = await listen(LOOPBACK);
    await say(port, "", { header: Buffer.concat([header, Buffer.from("hello")]) });
    await say(port, "hello", { header, bytewise: true });
    expect(seen).toEqual([1, 2].map(() => ({ address, port: 40_000, text: "hello" })));
  });

  test.each([
    ["LOCAL", v2()],
    ["UNKNOWN", Buffer.from("PROXY UNKNOWN\r\n")],
  ])("%s leaves the connection's own address", async (_, header) => {
    const { port, seen } = await listen(LOOPBACK);
    await say(port, "hello", { header });
    expect(seen).toMatchObject([{ address: "127.0.0.1", text: "hello" }]);
  });

  test.each([
    ["no header", Buffer.from("<stream>")],
    ["TLS", Buffer.from([22, 3, 1, 0])],
    ["a bad address", v1("192.0.2.256")],
    ["an endless line", Buffer.from(`PROXY UNKNOWN ${"x".repeat(200)}`)],
    ["a large length", Buffer.concat([v2().subarray(0, 14), Buffer.from([0xff, 0xff])])],
  ])("%s closes the connection, and is told", async (_, header) => {
    const { port, seen } = await listen(LOOPBACK);
    const socket = await open(port, { header });
    await once(socket, "close");
    expect(seen).toEqual([]);
    expect(warnings.map((line) => JSON.parse(line))).toMatchObject([
      { peer: "127.0.0.1", msg: "PROXY header refused" },
    ]);
    expect(socket.bytesRead).toBe(0);
  });

  test("a header that is not there in time closes the connection, and one that is there stays", async () => {
    const { port, seen, server } = await listen(LOOPBACK);
    const accepted = once(server, "connection");
    const late = await open(port, { header: v1("192.0.2.1").subarray(0, 20) });
    await accepted;
    await say(port, "hello", { header: v1("192.0.2.2") });
    await clock.advance(PROXY_HEADER_MS - 1);
    expect(late.destroyed).toBe(false);
    const closed = once(late, "close");
    await clock.advance(1);
    await closed;
    expect(seen).toMatchObject([{ address: "192.0.2.2" }]);
    expect(sockets[0]?.destroyed).toBe(false);
    expect(warnings).toHaveLength(1);
  });

  test("a port that is only looked at, and a header cut short, are closed in silence", async () => {
    const { port, seen } = await listen(LOOPBACK);
    for (const header of [Buffer.alloc(0), v2("192.0.2.1").subarray(0, 13)]) {
      const socket = await open(port, { header });
      socket.end();
      await once(socket, "close");
    }
    const reset = await open(port);
    reset.resetAndDestroy();
    await say(port, "hello", { header: v2("192.0.2.1") });
    expect(seen).toHaveLength(1);
    expect(warnings).toEqual([]);
  });

  test("whoever sends header, text and end at once is heard", async () => {
    const { port, seen } = await listen(LOOPBACK);
    const socket = await open(port);
    sockets.push(socket);
    socket.end(Buffer.concat([v1("192.0.2.1"), Buffer.from("hello")]));
    await once(socket, "data");
    expect(seen).toEqual([{ address: "192.0.2.1", port: 40_000, text: "hello" }]);
  });

  test("a server that stopped listening meanwhile takes no connection", async () => {
    const { port, seen, server } = await listen(LOOPBACK);
    const accepted = once(server, "connection");
    const socket = await open(port);
    await accepted;
    server.close();
    const closed = once(socket, "close");
    socket.write(v1("192.0.2.1"));
    await closed;
    expect(seen).toEqual([]);
  });
});

describe("from elsewhere", () => {
  test("no header is looked for: a forged one is the stream's own bytes", async () => {
    const { port, seen } = await listen(["127.0.0.2", "10.0.0.0/8"]);
    await say(port, "", { header: v1("192.0.2.1") });
    await say(port, "hello", { header: v1("192.0.2.1"), from: "127.0.0.2" });
    expect(seen).toMatchObject([
      { address: "127.0.0.1", text: v1("192.0.2.1").toString() },
      { address: "192.0.2.1", text: "hello" },
    ]);
  });

  test("without networks the server's own listeners stay as they were", () => {
    const server = createHttpServer();
    const before = server.listeners("connection");
    expectProxyHeaders(server, [], { clock, log });
    expect(server.listeners("connection")).toEqual(before);
  });
});

test("on a socket for both families, IPv4 shows up mapped and is matched all the same", async () => {
  const { port, seen } = await listen(["127.0.0.0/8"], "::");
  await say(port, "hello", { header: v2("192.0.2.1") });
  expect(seen).toMatchObject([{ address: "192.0.2.1", text: "hello" }]);
});
