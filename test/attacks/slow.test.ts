// Connections that take and never give: slow loris, half-open streams, streams that stop at each step.
import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { NS_SASL, NS_TLS } from "../../xmpp/xml/namespaces.ts";
import { DOMAIN, startTarget, type Target } from "./node.ts";
import { header, plain, RawTcp, RawWebSocket } from "./raw.ts";

let target: Target;

beforeEach(async () => {
  target = await startTarget({ "limits.authenticationSeconds": "30" });
  await target.account("romeo");
});
afterEach(() => target.stop());

/** Ways to begin and not to go on. */
const BEGINNINGS: readonly (readonly [name: string, begin: () => Promise<RawTcp | RawWebSocket>])[] = [
  ["nothing", () => RawTcp.connect(target.ports.c2s)],
  [
    "half a header",
    async () => {
      const raw = await RawTcp.connect(target.ports.c2s);
      raw.send(header(DOMAIN).slice(0, 60));
      return raw;
    },
  ],
  ["a stream", async () => opened(await RawTcp.connect(target.ports.c2s))],
  [
    "half an element",
    async () => {
      const raw = await opened(await RawTcp.connect(target.ports.c2s));
      raw.send(`<auth xmlns='${NS_SASL}' mechanism='PLAIN'>AH`);
      return raw;
    },
  ],
  [
    "TLS without its handshake",
    async () => {
      const raw = await opened(await RawTcp.connect(target.ports.c2s));
      raw.send(`<starttls xmlns='${NS_TLS}'/>`);
      await raw.until("<proceed");
      return raw;
    },
  ],
  [
    "SASL without its response",
    async () => {
      const raw = await opened(await RawTcp.connect(target.ports.c2sTls, DOMAIN));
      const first = Buffer.from("n,,n=romeo,r=abcdefgh").toString("base64");
      raw.send(`<auth xmlns='${NS_SASL}' mechanism='SCRAM-SHA-256'>${first}</auth>`);
      await raw.until("</challenge>");
      return raw;
    },
  ],
  ["a WebSocket", () => RawWebSocket.connect(target.ports.http)],
  ["a stream over WebSocket", async () => opened(await RawWebSocket.connect(target.ports.http))],
];

async function opened<T extends RawTcp | RawWebSocket>(raw: T): Promise<T> {
  await raw.open(DOMAIN);
  return raw;
}

test.each(BEGINNINGS)("who begins with %s and goes no further is cut after 30 s", async (_name, begin) => {
  const raw = await begin();
  await target.settle("a connection", async () => (await target.connections()) === 1);
  await target.clock.advance(29_000);
  expect(await target.connections()).toBe(1);
  await target.clock.advance(1_001);
  await raw.end();
  await target.settle("no connection", async () => (await target.connections()) === 0);
  target.noErrors();
});

test("a byte now and then does not prolong the time to authenticate", async () => {
  const raw = await RawTcp.connect(target.ports.c2s);
  const text = header(DOMAIN).padEnd(200, " ");
  for (const byte of text.slice(0, 31)) {
    raw.send(byte);
    await target.clock.advance(1_000);
  }
  expect(await raw.end()).toContain("<connection-timeout ");
});

test("failing to log in does not prolong it either", async () => {
  const raw = await opened(await RawTcp.connect(target.ports.c2s));
  raw.send(plain("romeo", "wrong"));
  await raw.until("</failure>");
  await target.clock.advance(30_001);
  expect(await raw.end()).toContain("<connection-timeout ");
});

test.each(["", "\x16", "\x16\x03\x01\x00\xc8\x01\x00"])(
  "TLS from the first byte has its time for the handshake: %j",
  async (text) => {
    const socket = connect(target.ports.c2sTls, "127.0.0.1");
    socket.on("error", () => undefined).resume();
    await once(socket, "connect");
    socket.write(Buffer.from(text, "latin1"));
    let open = true;
    const over = once(socket, "close").then(() => {
      open = false;
    });
    while (open) await target.clock.advance(1_000);
    await over;
  },
);

test("half-open: a client that ends its side is answered and forgotten, bound or not", async () => {
  const early = await opened(await RawTcp.connect(target.ports.c2s));
  const bound = await opened(await RawTcp.connect(target.ports.c2s));
  await bound.login("romeo", DOMAIN);
  await bound.bind("orchard");
  expect(target.server.sessionCount).toBe(1);
  early.socket.end();
  bound.socket.end();
  await Promise.all([early.end(), bound.end()]);
  await target.settle("nothing left", async () => (await target.connections()) === 0);
  expect(target.server.sessionCount).toBe(0);
});

test("half-open: a client that does not close its side after an error is cut all the same", async () => {
  const socket = connect({ port: target.ports.c2s, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => undefined).resume();
  socket.write("no XML");
  await once(socket, "end");
  await target.settle("no connection", async () => (await target.connections()) === 0);
  // The server drops the connection within 5 s, as who goes on writing finds out.
  const writing = setInterval(() => socket.write("more of it"), 100);
  await new Promise((resolve) => socket.once("close", resolve));
  clearInterval(writing);
}, 15_000);

test.each(["drain", "stop"] as const)(
  "a WebSocket that stays open does not keep a node from its end: %s",
  async (way) => {
    const other = await startTarget();
    const raw = await opened(await RawWebSocket.connect(other.ports.http));
    raw.socket.pause();
    if (way === "drain") await other.server.drain();
    await other.stop();
    raw.destroy();
  },
);
