// The local world's name server on the wire, asked by Node's own resolver (c-ares) and by hand.
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { type DecodedPacket, decode, encode, type OptAnswer, type Packet } from "dns-packet";
import { startZone, type ZoneOptions, type ZoneRecord, type ZoneServer } from "../../app/local-world/dns.ts";

const open: ZoneServer[] = [];
afterEach(async () => {
  for (const zone of open.splice(0)) await zone.close();
});

async function start(records: readonly ZoneRecord[], options: Partial<ZoneOptions> = {}): Promise<ZoneServer> {
  const zone = await startZone({ records, zones: ["example.test"], ...options });
  open.push(zone);
  return zone;
}

const records: ZoneRecord[] = [
  { name: "example.test", type: "A", address: "127.0.0.1" },
  { name: "example.test", type: "AAAA", address: "::1" },
  {
    name: "_xmpps-client._tcp.example.test",
    type: "SRV",
    priority: 1,
    weight: 2,
    port: 5223,
    target: "h.example.test",
  },
  {
    name: "_xmppconnect.example.test",
    type: "TXT",
    text: `_xmpp-client-websocket=wss://example.test/${"x".repeat(300)}`,
  },
  { name: "www.example.test", type: "CNAME", target: "example.test" },
];

test("Node's own resolver reads every kind of record, and the two kinds of none", async () => {
  const zone = await start(records);
  const resolver = new Resolver();
  resolver.setServers([zone.server]);
  expect(await resolver.resolve4("www.example.test")).toEqual(["127.0.0.1"]);
  expect(await resolver.resolve6("example.test")).toEqual(["::1"]);
  expect(await resolver.resolveSrv("_xmpps-client._tcp.example.test")).toMatchObject([
    { priority: 1, weight: 2, port: 5223, name: "h.example.test" },
  ]);
  const [text] = await resolver.resolveTxt("_xmppconnect.example.test");
  expect(text?.join("")).toBe(`_xmpp-client-websocket=wss://example.test/${"x".repeat(300)}`);
  expect(text).toHaveLength(2);
  expect(await resolver.resolveSoa("example.test")).toMatchObject({ nsname: "ns.example.test" });
  await expect(resolver.resolveSrv("example.test")).rejects.toMatchObject({ code: "ENODATA" });
  await expect(resolver.resolve4("no.example.test")).rejects.toMatchObject({ code: "ENOTFOUND" });
  await expect(resolver.resolve4("example.org")).rejects.toMatchObject({ code: "EREFUSED" });
});

async function askUdp(zone: ZoneServer, bytes: Buffer): Promise<DecodedPacket> {
  const socket = createSocket("udp4");
  socket.send(bytes, zone.port, zone.address);
  const [reply] = (await once(socket, "message")) as [Buffer];
  socket.close();
  return decode(reply);
}

const opt = (udpPayloadSize: number, options: OptAnswer["options"] = []): OptAnswer => ({
  type: "OPT",
  name: ".",
  udpPayloadSize,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options,
});

const question = (name: string, type: "A" | "SRV" | "TXT" = "A", additionals: Packet["additionals"] = []): Buffer =>
  encode({ type: "query", id: 7, flags: 0x100, questions: [{ name, type, class: "IN" }], additionals });

test("answers are authoritative, keep to the asker's size, and say when they are cut short", async () => {
  const many = Array.from(
    { length: 60 },
    (_, i): ZoneRecord => ({ name: "big.example.test", type: "A", address: `10.0.0.${i}` }),
  );
  const zone = await start([...records, ...many]);
  const small = await askUdp(zone, question("example.test"));
  expect(small).toMatchObject({ id: 7, flag_qr: true, flag_aa: true, flag_rd: true, flag_tc: false, flag_ra: false });
  for (const additionals of [[], [opt(1232)], [opt(65535)], [opt(0)]]) {
    expect(await askUdp(zone, question("big.example.test", "A", additionals))).toMatchObject({
      flag_tc: true,
      answers: [],
    });
  }
});

test("EDNS Client Subnet tells the place, else the source address does; the scope says so (RFC 7871 §7.2.1)", async () => {
  const places: string[] = [];
  const nearest = (source: string) => {
    places.push(source);
    return ["eu"];
  };
  const zone = await start([{ name: "example.test", type: "A", address: "127.0.0.1", region: "eu" }], { nearest });
  const subnet = { code: 8 as const, family: 1, ip: "198.51.100.0", sourcePrefixLength: 24, scopePrefixLength: 0 };
  const answer = await askUdp(zone, question("example.test", "A", [opt(1232, [subnet])]));
  expect(answer.additionals?.[0]).toMatchObject({
    options: [{ code: 8, ip: "198.51.100.0", sourcePrefixLength: 24, scopePrefixLength: 24 }],
  });
  await askUdp(zone, question("example.test"));
  expect(places).toEqual(["198.51.100.0/24", "127.0.0.1/32"]);
  const failing = () => {
    throw new Error("no map");
  };
  const broken = await start([{ name: "example.test", type: "A", address: "127.0.0.1", region: "eu" }], {
    nearest: failing,
  });
  expect((await askUdp(broken, question("example.test"))).flags! & 0xf).toBe(2);
});

test("what is not a plain question gets the error it deserves, answers and garbage get nothing", async () => {
  const zone = await start(records);
  const flagged = (flags: number) => {
    const bytes = question("example.test");
    bytes.writeUInt16BE(flags, 2);
    return bytes;
  };
  expect((await askUdp(zone, flagged(0x2000))).flags! & 0xf).toBe(4);
  const counted = question("example.test");
  counted.writeUInt16BE(2, 4);
  expect((await askUdp(zone, counted)).flags! & 0xf).toBe(1);
  const cut = question("example.test").subarray(0, 20);
  expect((await askUdp(zone, cut)).flags! & 0xf).toBe(1);
  const chaos = encode({ id: 7, questions: [{ name: "example.test", type: "A", class: "CH" }] });
  expect((await askUdp(zone, chaos)).flags! & 0xf).toBe(5);
  // None of these is answered: the next answer is to the question that follows them.
  const socket = createSocket("udp4");
  const silent = [Buffer.alloc(0), Buffer.from("x"), flagged(0x8100)];
  for (const bytes of silent) socket.send(bytes, zone.port, zone.address);
  socket.send(question("www.example.test"), zone.port, zone.address);
  const [reply] = (await once(socket, "message")) as [Buffer];
  socket.close();
  expect(decode(reply).questions?.[0]?.name).toBe("www.example.test");
});

test("random bytes never stop it", async () => {
  const zone = await start(records);
  const socket = createSocket("udp4");
  for (let i = 0; i < 500; i++) {
    const bytes = i % 2 === 0 ? randomBytes(12 + (i % 60)) : question("example.test");
    for (let j = 0; j < 3; j++) bytes[2 + ((i * 7 + j * 13) % (bytes.length - 2))] = i & 0xff;
    socket.send(bytes, zone.port, zone.address);
  }
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  const resolver = new Resolver();
  resolver.setServers([zone.server]);
  expect(await resolver.resolve4("example.test")).toEqual(["127.0.0.1"]);
});

test("TCP: several questions on one connection, in pieces and at once, answered in order", async () => {
  const zone = await start(records);
  const framed = ["www.example.test", "example.test"].map((name) => {
    const bytes = question(name);
    return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
  });
  const socket = connect(zone.port, zone.address);
  socket.setNoDelay(true);
  const all = Buffer.concat([...framed, ...framed]);
  for (const at of [0, 1, 5, 40]) socket.write(all.subarray(at, [1, 5, 40, all.length][[0, 1, 5, 40].indexOf(at)]));
  const names: (string | undefined)[] = [];
  let read = Buffer.alloc(0);
  for await (const bytes of socket as AsyncIterable<Buffer>) {
    read = Buffer.concat([read, bytes]);
    for (
      ;
      read.length >= 2 && read.length >= 2 + read.readUInt16BE(0);
      read = read.subarray(2 + read.readUInt16BE(0))
    ) {
      names.push(decode(read.subarray(2)).questions?.[0]?.name);
    }
    if (names.length === 4) break;
  }
  expect(names).toEqual(["www.example.test", "example.test", "www.example.test", "example.test"]);
});

test("data is replaced while it runs; wrong data leaves what was there; a taken port is told", async () => {
  const zone = await start(records);
  zone.setRecords([{ name: "example.test", type: "A", address: "127.0.0.9" }]);
  expect((await askUdp(zone, question("example.test"))).answers).toMatchObject([{ data: "127.0.0.9" }]);
  expect(() => zone.setRecords([{ name: "no..name", type: "A", address: "127.0.0.1" }])).toThrow(/no\.\.name/);
  expect((await askUdp(zone, question("example.test"))).answers).toMatchObject([{ data: "127.0.0.9" }]);
  await expect(startZone({ records, port: zone.port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  const tcp = createServer().listen(0, "127.0.0.1");
  await once(tcp, "listening");
  await expect(startZone({ records, port: (tcp.address() as AddressInfo).port })).rejects.toMatchObject({
    code: "EADDRINUSE",
  });
  tcp.close();
});
