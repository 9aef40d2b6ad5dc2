// Records of our own after OpenSSL's handshake, with Node's own client: what a socket over OpenSSL does, they do.
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { KEY_UPDATE_RECORDS, LEAST_COST } from "../../xmpp/stream/record-reading.ts";
import { PeerAlert } from "../../xmpp/tls/alert.ts";
import { ALERT, HANDSHAKE } from "../../xmpp/tls/protection.ts";
import type { TrafficKeys } from "../../xmpp/tls/traffic-keys.ts";
import { issue } from "./certificates.ts";
import { type HostileClient, hostileClient, overDuplex, record } from "./hostile-client.ts";
import { type Accepted, RecordsServer } from "./records-server.ts";

let server: RecordsServer;
const sockets: Socket[] = [];

beforeEach(async () => {
  server = await RecordsServer.start();
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.stop();
});

interface Pair {
  readonly client: TLSSocket;
  readonly accepted: Accepted;
}

async function pair(options: ConnectionOptions = {}): Promise<Pair> {
  const accepted = server.next();
  const client = connect({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
  sockets.push(client);
  client.on("error", () => {});
  await once(client, "secureConnect");
  return { client, accepted: await accepted };
}

/** Waits until so much text came. */
async function read(socket: Socket, length: number): Promise<string> {
  let text = "";
  while (text.length < length) {
    const [chunk] = await once(socket, "data");
    text += String(chunk);
  }
  return text;
}

describe.each(["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"])("%s", (ciphers) => {
  test("text goes both ways, however long it is", async () => {
    const { client, accepted } = await pair({ ciphers });
    expect([accepted.transport.encrypted, accepted.transport.tls?.socket]).toEqual([true, undefined]);
    for (const text of ["a", "é€😀", "x".repeat(16_384), "y".repeat(300_000)]) {
      const before = accepted.read.length;
      client.write(text);
      let echoed = "";
      while (echoed.replaceAll(/[<>]/g, "") !== text) echoed += String((await once(client, "data"))[0]);
      expect(accepted.read.slice(before)).toBe(text);
    }
  });
});

test("what comes with the end of the handshake is read", async () => {
  const accepted = server.next();
  const client = connect({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false });
  sockets.push(client);
  client.write("at once"); // leaves with the client's Finished
  expect(await read(client, 9)).toBe("<at once>");
  expect((await accepted).transport.tls?.socket).toBeUndefined();
});

test("a handshake that comes byte by byte, and all behind it", async () => {
  const { below, raw } = overDuplex(server.port, (chunk) => {
    for (const byte of chunk) raw.write(Uint8Array.of(byte));
  });
  sockets.push(raw);
  const accepted = server.next();
  const client = connect({ socket: below, rejectUnauthorized: false });
  sockets.push(client);
  client.write("slowly");
  const { transport, closed } = await accepted;
  expect(transport.tls?.socket).toBeUndefined();
  let echoed = "";
  while (echoed.replaceAll(/[<>]/g, "") !== "slowly") echoed += String((await once(client, "data"))[0]);
  raw.destroy();
  await closed;
});

test("TLS 1.2 stays with OpenSSL, and works", async () => {
  const { client, accepted } = await pair({ maxVersion: "TLSv1.2" });
  expect(accepted.transport.tls?.socket).toBeDefined();
  client.write("old");
  expect(await read(client, 5)).toBe("<old>");
  const long = "y".repeat(400_000);
  client.write(long);
  let echoed = "";
  while (echoed.replaceAll(/[<>]/g, "").length < long.length) echoed += String((await once(client, "data"))[0]);
  client.end();
  await once(client, "close");
  expect(await accepted.closed).toBeUndefined();
  expect(accepted.read).toBe(`old${long}`);
});

test("sessions are resumed by the tickets that OpenSSL gave", async () => {
  for (const maxVersion of ["TLSv1.3", "TLSv1.2"] as const) {
    const { client } = await pair({ maxVersion });
    // Before 'secureConnect' on TLS 1.2, behind it on TLS 1.3.
    const session = maxVersion === "TLSv1.3" ? (await once(client, "session"))[0] : client.getSession();
    const again = await pair({ session, maxVersion });
    expect(again.client.isSessionReused()).toBe(true);
    again.client.write("again");
    expect(await read(again.client, 7)).toBe("<again>");
    expect(again.accepted.transport.tls?.socket === undefined).toBe(maxVersion === "TLSv1.3");
    expect(again.accepted.transport.tls?.proof.exporter).toEqual(
      maxVersion === "TLSv1.3"
        ? again.client.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0))
        : undefined,
    );
  }
});

test("what ties SASL to the connection outlives OpenSSL's side of it", async () => {
  await server.stop();
  server = await RecordsServer.start({ requestCert: true });
  const { certificatePem: cert, keyPem: key } = issue({ commonName: "romeo" });
  const { client, accepted } = await pair({ cert, key, ALPNProtocols: ["xmpp-client"] });
  const proof = accepted.transport.tls?.proof;
  expect(client.alpnProtocol).toBe("xmpp-client");
  expect(proof?.exporter).toEqual(client.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0)));
  expect(proof?.ownCertificate).toEqual(client.getPeerCertificate().raw);
  expect(proof?.firstFinished).toEqual(client.getFinished());
  expect(proof?.peerCertificate?.toString()).toBe(cert);
});

test("who speaks another protocol is refused by OpenSSL, whose alert arrives", async () => {
  const client = connect({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["h2"] });
  sockets.push(client);
  const [error] = await once(client, "error");
  expect(String(error.code)).toBe("ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL");
});

test.each(["nothing", "half"])(
  "who goes away in the handshake leaves nothing behind: %s of it was sent",
  async (what) => {
    const raw = connectTcp({ port: server.port, host: "127.0.0.1" });
    sockets.push(raw);
    await once(raw, "connect");
    if (what === "half") raw.write(Buffer.from([22, 3, 1, 0, 200, 1, 0, 0]));
    raw.end();
    raw.resume();
    await once(raw, "close");
    expect(server.connections).toEqual([]);
  },
);

describe("the end", () => {
  test("the client's close_notify ends the connection in order, behind what was still to be said", async () => {
    const { client, accepted } = await pair();
    client.write("last words");
    client.end();
    const text = read(client, 12);
    await once(client, "end"); // Node tells of it only where a close_notify came
    expect(await text).toBe("<last words>");
    expect(await accepted.closed).toBeUndefined();
  });

  test("ours is told with one, and nothing is written behind it", async () => {
    const { client, accepted } = await pair();
    const text = read(client, 4);
    accepted.transport.write("bye!");
    accepted.transport.end();
    accepted.transport.write("more");
    accepted.transport.end();
    expect(await text).toBe("bye!");
    await once(client, "end");
    expect(await accepted.closed).toBeUndefined();
  });

  test("a connection that is cut", async () => {
    const { client, accepted } = await pair();
    client.destroy();
    await accepted.closed;
    accepted.transport.write("to nobody");
    accepted.transport.flush();
    accepted.transport.end();
    accepted.transport.destroy();
  });
});

test("who does not read holds up to what the kernel does not take, and it is told how much that is", async () => {
  await server.stop();
  server = await RecordsServer.start({ echo: false });
  const { client, accepted } = await pair();
  client.pause();
  const { transport } = accepted;
  const text = "z".repeat(1_000_000);
  let written = 0;
  while (transport.backlog < 3_000_000) {
    transport.write(text);
    transport.flush();
    written += text.length;
  }
  client.resume();
  expect((await read(client, written)).length).toBe(written);
  while (transport.backlog > 0) await once(accepted.socket, "drain");
});

/** A client whose records the test makes. */
async function hostile(): Promise<HostileClient & { accepted: Accepted }> {
  const accepted = server.next();
  const client = await hostileClient(server.port);
  sockets.push(client.raw, client.client);
  return { ...client, accepted: await accepted };
}

describe("a client that breaks the protocol is told why, and read no further", () => {
  const breaking: [string, RegExp, (keys: TrafficKeys) => Buffer][] = [
    ["a record that was changed", /bad record mac/, (keys) => record(keys, "abc").fill(0, 20)],
    ["a record that is too long", /record overflow/, () => Buffer.from([23, 3, 3, 0xff, 0xff])],
    ["a change_cipher_spec", /unexpected message/, () => Buffer.from([20, 3, 3, 0, 1, 1])],
    ["a ClientHello in clear", /unexpected message/, () => Buffer.from([22, 3, 1, 0, 5, 1, 0, 0, 1, 0])],
    ["a ClientHello", /unexpected message/, (keys) => record(keys, Buffer.from([1, 0, 0, 1, 0]), HANDSHAKE)],
    [
      "a KeyUpdate of its own kind",
      /illegal parameter/,
      (keys) => record(keys, Buffer.from([24, 0, 0, 1, 7]), HANDSHAKE),
    ],
    ["half an alert", /decode error/, (keys) => record(keys, Buffer.from([2]), ALERT)],
  ];
  test.each(breaking)("%s", async (_what, why, bytes) => {
    const { raw, keys, client, accepted } = await hostile();
    const told = once(client, "error");
    raw.write(Buffer.concat([record(keys, "before"), bytes(keys), record(keys, "behind")]));
    expect(String((await told)[0])).toMatch(why);
    expect(String(await accepted.closed)).toMatch(new RegExp(why.source.replaceAll(" ", "_")));
    expect(accepted.read).toBe("before");
  });

  test("its own error ends the connection without an answer", async () => {
    const { raw, keys, accepted } = await hostile();
    raw.write(record(keys, Buffer.from([2, 80]), ALERT));
    expect(await accepted.closed).toBeInstanceOf(PeerAlert);
  });
});

test("records cost what they are, and new keys more", async () => {
  const { raw, keys, accepted } = await hostile();
  const old = [record(keys, ""), record(keys, Buffer.from([24, 0, 0, 1, 1]), HANDSHAKE)];
  keys.update();
  const bytes = Buffer.concat([...old, record(keys, "end")]);
  const before = accepted.cost;
  raw.write(bytes);
  while (!accepted.read.endsWith("end")) await once(accepted.socket, "data");
  expect(accepted.cost - before).toBe(3 * LEAST_COST + KEY_UPDATE_RECORDS * LEAST_COST);
});

test("half a record is kept by itself, and nothing of the read that it came with", async () => {
  const { raw, keys, accepted } = await hostile();
  const last = record(keys, "wanted");
  raw.write(last.subarray(0, 9));
  await once(accepted.socket, "data");
  expect(accepted.read).toBe("");
  for (const byte of last.subarray(9)) raw.write(Uint8Array.of(byte));
  while (accepted.read === "") await once(accepted.socket, "data");
  expect(accepted.read).toBe("wanted");
});
