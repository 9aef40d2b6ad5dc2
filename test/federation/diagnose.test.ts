// What an operator reads of ways that break: servers that are silent, slow, cut, old, or speak something else; and ours.
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createSecureContext, createServer as createTlsServer, TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { textOf } from "../../app/cli/s2s.ts";
import type { Finding } from "../../federation/index.ts";
import { makeLeaf } from "../tls-identity/certificates.ts";
import { Ground, type TestNode } from "./nodes.ts";

let ground: Ground;
let a: TestNode;
const servers: Server[] = [];
const sockets = new Set<Socket>();
const { pem: cert, keyPem: key } = makeLeaf(undefined, { name: "x.test", dns: ["x.test"] });
const OLD = { cert, key, minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;

beforeAll(async () => {
  ground = await Ground.lay();
  a = await ground.node("a.test", { connectSeconds: 2 });
});

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  await ground.clear();
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const HEADER =
  "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' id='x' version='1.0'>";

/** STARTTLS by the book, and then a handshake of long ago. */
function oldBehindStartTls(socket: Socket): void {
  socket.on("data", (data: Buffer) => {
    if (!data.includes("<starttls")) {
      socket.write(`${HEADER}<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>`);
      return;
    }
    socket.removeAllListeners("data");
    socket.write("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    const { cert: certificate, ...settings } = OLD;
    new TLSSocket(socket, {
      isServer: true,
      secureContext: createSecureContext({ ...settings, cert: certificate }),
    }).on("error", () => socket.destroy());
  });
}

/** Tests the way from a node; what is printed of it. */
async function read(domain: string, from = a): Promise<string> {
  const findings: Finding[] = [];
  const good = await from.federation.test(domain, from.domain, (finding) => findings.push(finding));
  const text = findings.map(textOf).join("\n");
  if (process.env.DIAGNOSE) process.stderr.write(`\n== ${domain}: ${good}\n${text}\n`);
  return text;
}

const FAULTS: readonly (readonly [string, boolean, () => Server, RegExp])[] = [
  ["silent", false, () => createServer(() => {}), /says nothing/],
  [
    "http",
    false,
    () => createServer((s) => s.once("data", () => s.end("HTTP/1.1 400 Bad Request\r\n\r\n"))),
    /web server/,
  ],
  ["smtp", false, () => createServer((s) => s.write("220 x ESMTP Postfix\r\n")), /neither XMPP nor TLS/],
  ["cut", false, () => createServer((s) => s.once("data", () => s.resetAndDestroy())), /cut without a word/],
  ["closed", false, () => createServer((s) => s.end()), /cut without a word/],
  ["tls-first", false, () => createTlsServer({ cert, key }), /TLS from the first octet[\s\S]*_xmpps-server/],
  ["old-behind-starttls", false, () => createServer(oldBehindStartTls), /older than 1\.2/],
  ["old-direct", true, () => createTlsServer(OLD), /older than 1\.2/],
  [
    "http-direct",
    true,
    () => createServer((s) => s.once("data", () => s.end("HTTP/1.1 400 x\r\n\r\n"))),
    /web server without TLS/,
  ],
  [
    "https",
    true,
    () => createTlsServer({ cert, key }, (s) => s.once("data", () => s.end("HTTP/1.1 400 x\r\n\r\n"))),
    /no XMPP behind it/,
  ],
];

test.each(FAULTS)("a server that is %s", async (name, direct, make, words) => {
  ground.announce(`${name}.test`, await listen(make()), direct);
  const text = await read(`${name}.test`);
  expect(text).toMatch(/✗/);
  expect(text).toMatch(words);
});

test("a port with STARTTLS that DNS calls direct TLS", async () => {
  const b = await ground.node("b.test");
  ground.announce("called-direct.test", b.port, true);
  expect(await read("called-direct.test")).toMatch(
    /speaks XMPP in clear first[\s\S]*_xmpp-server\._tcp\.called-direct\.test/,
  );
});

test("many dead targets are a table, and what to do about them is said once", async () => {
  const more = [2, 3, 4, 5, 6].map((port) => ({
    ...{
      name: "_xmpp-server._tcp.dead.test",
      type: "SRV" as const,
      priority: port,
      weight: 1,
      port,
      target: `h${port}.dead.test`,
    },
  }));
  const addresses = [2, 3, 4, 5, 6].map((n) => ({ name: `h${n}.dead.test`, type: "A" as const, address: "127.0.0.1" }));
  ground.announce("dead.test", 1, false, [...more, ...addresses]);
  const text = await read("dead.test");
  expect(text).toMatch(/✓ resolution: 6 servers\n {4}h\.dead\.test port 1 {3}STARTTLS {2}priority 1\n/);
  expect(text).toMatch(
    /✗ connection: no server of dead\.test could be reached\n {4}h\.dead\.test port 1 {3}.*ECONNREFUSED/,
  );
  expect(text.match(/ECONNREFUSED/g)).toHaveLength(6);
  expect(text.match(/nothing listens on that port/g)).toHaveLength(1);
});

test("our own certificate comes first, and a strict policy hears no word of dialback", async () => {
  const strict = { requireValidCertificate: true, connectSeconds: 5 };
  const c = await ground.node("c.test", strict, false, "self-signed");
  await ground.node("d.test", {}, false, "self-signed");
  const text = await read("d.test", c);
  expect(text).toMatch(/^✗ own name: our certificate of c\.test: .*not valid before/);
  expect(text).toMatch(/✗ certificate: /);
  expect(text).not.toMatch(/dialback/i);
});
