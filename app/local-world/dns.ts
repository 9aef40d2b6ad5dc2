// The local world's name server: a zone answered over UDP and TCP on one loopback port.
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, isIPv6, type Server, type Socket } from "node:net";
import { type Answer, AUTHENTIC_DATA, decode, encode, type Packet, TRUNCATED_RESPONSE } from "dns-packet";
import { Zone, type ZoneRecord, type ZoneSettings, zonesOf } from "./zone.ts";

export type { ZoneRecord } from "./zone.ts";

/** Settings of the name server. */
export interface ZoneOptions extends Omit<ZoneSettings, "zones"> {
  /** A loopback address; 127.0.0.1 by default. */
  readonly address?: string | undefined;
  /** 0 or nothing for a free one, the same for UDP and TCP. */
  readonly port?: number | undefined;
  /** By default what the records imply. "." answers for every name, with NXDOMAIN where there is no record. */
  readonly zones?: readonly string[] | undefined;
  /** Says AD in each answer, as a validating resolver does whose zones are all signed. */
  readonly authentic?: boolean | undefined;
  /** Sees each question; for tests and the log. */
  readonly onQuery?: ((question: { name: string; type: string; transport: "udp" | "tcp" }) => void) | undefined;
}

/** A running name server. */
export interface ZoneServer {
  readonly address: string;
  readonly port: number;
  /** "127.0.0.1:5353", as `createResolver` takes it. */
  readonly server: string;
  /** Puts other data in place of what is there. Throws, keeping the old, when a record is wrong. */
  setRecords(records: readonly ZoneRecord[]): void;
  close(): Promise<void>;
}

/** Largest UDP answer, octets, whatever the asker can take. */
const MAX_UDP = 1232;
const MAX_CONNECTIONS = 64;
/** A TCP connection without a whole question for this long is closed, ms. */
const TCP_IDLE_MS = 10_000;

/** Starts a name server. Rejects with the socket's error (EADDRINUSE, EACCES) when it cannot listen. */
export async function startZone(options: ZoneOptions): Promise<ZoneServer> {
  const address = options.address ?? "127.0.0.1";
  let zone = makeZone(options, options.records);
  const respond = (bytes: Buffer, from: string, transport: "udp" | "tcp") => {
    try {
      return answerBytes(zone, options, { bytes, from, transport });
    } catch {
      // Whatever went wrong with one question, `nearest` say, is that question's SERVFAIL.
      return encode({ type: "response", id: bytes.readUInt16BE(0), flags: 2 });
    }
  };
  const { tcp, udp, port } = await listen(address, options.port ?? 0);
  const connections = new Set<Socket>();
  tcp.maxConnections = MAX_CONNECTIONS;
  tcp.on("connection", (socket) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
    serveTcp(socket, respond);
  });
  udp.on("message", (bytes, from) => {
    const answer = respond(bytes, from.address, "udp");
    if (answer) udp.send(answer, from.port, from.address, () => undefined);
  });
  udp.on("error", () => undefined);
  return {
    address,
    port,
    server: isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`,
    setRecords: (records) => {
      zone = makeZone(options, records);
    },
    close: async () => {
      for (const socket of connections) socket.destroy();
      await Promise.all([
        new Promise<void>((resolve) => tcp.close(() => resolve())),
        new Promise<void>((resolve) => udp.close(() => resolve())),
      ]);
    },
  };
}

function makeZone(options: ZoneOptions, records: readonly ZoneRecord[]): Zone {
  return new Zone({ records, zones: options.zones ?? zonesOf(records), nearest: options.nearest });
}

/** UDP and TCP on one port; a free port of one may be taken for the other, so several are tried. */
async function listen(address: string, port: number): Promise<{ tcp: Server; udp: UdpSocket; port: number }> {
  for (let attempt = 0; ; attempt++) {
    const tcp = createServer();
    tcp.listen(port, address);
    await once(tcp, "listening");
    const bound = tcp.address();
    const taken = typeof bound === "object" && bound ? bound.port : port;
    const udp = createSocket(isIPv6(address) ? "udp6" : "udp4");
    try {
      udp.bind(taken, address);
      await once(udp, "listening");
      return { tcp, udp, port: taken };
    } catch (error) {
      udp.close();
      await new Promise((resolve) => tcp.close(resolve));
      if (port !== 0 || attempt >= 10) throw error;
    }
  }
}

/** Questions of a TCP connection, each with its length before it (RFC 7766 §8), answered in order. */
function serveTcp(
  socket: Socket,
  respond: (bytes: Buffer, from: string, transport: "tcp") => Buffer | undefined,
): void {
  let read: Buffer = Buffer.alloc(0);
  socket.setTimeout(TCP_IDLE_MS, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.on("data", (bytes: Buffer) => {
    read = Buffer.concat([read, bytes]);
    while (read.length >= 2) {
      const end = 2 + read.readUInt16BE(0);
      if (read.length < end) return;
      const answer = respond(read.subarray(2, end), socket.remoteAddress ?? "", "tcp");
      read = read.subarray(end);
      if (!answer) continue;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(answer.length);
      socket.write(Buffer.concat([length, answer]));
      // An asker that does not read gets no more.
      if (socket.writableLength > 1024 * 1024) socket.destroy();
    }
  });
}

/** A message as it came. */
interface Message {
  readonly bytes: Buffer;
  readonly from: string;
  readonly transport: "udp" | "tcp";
}

/** The answer to one message; undefined for what gets none (answers sent to us, garbage, a dropped name). */
function answerBytes(zone: Zone, options: ZoneOptions, { bytes, from, transport }: Message): Buffer | undefined {
  if (bytes.length < 12 || (bytes.readUInt16BE(2) & 0x8000) !== 0) return undefined;
  const id = bytes.readUInt16BE(0);
  // The opcode, and RD as it came (RFC 1035 §4.1.1).
  const echoed = bytes.readUInt16BE(2) & 0x7900;
  const bare = (rcode: number) => encode({ type: "response", id, flags: echoed | rcode });
  if ((echoed & 0x7800) !== 0) return bare(4);
  if (bytes.readUInt16BE(4) !== 1 || bytes.readUInt16BE(6) + bytes.readUInt16BE(8) + bytes.readUInt16BE(10) > 8) {
    return bare(1);
  }
  let query: Packet;
  try {
    query = decode(bytes);
  } catch {
    return bare(1);
  }
  const question = query.questions?.[0];
  if (question?.class !== "IN") return bare(5);
  options.onQuery?.({ name: question.name, type: question.type, transport });
  const subnet = subnetOf(query);
  const prefix = subnet?.prefix ?? `${from}/${isIPv6(from) ? 128 : 32}`;
  const answer = zone.answer(question, prefix);
  if (answer.kind === "drop") return undefined;
  const opt = query.additionals?.find((record) => record.type === "OPT");
  const packet: Packet = {
    type: "response",
    id,
    flags: echoed | answer.flags | answer.rcode | (options.authentic ? AUTHENTIC_DATA : 0),
    questions: [question],
    answers: [...answer.answers],
    authorities: [...answer.authorities],
    additionals: opt ? [optFor(subnet, answer.ordered)] : [],
  };
  const size = opt?.type === "OPT" ? Math.max(512, opt.udpPayloadSize) : 512;
  const most = transport === "udp" ? Math.min(size, MAX_UDP) : 65_535;
  const added = targetAddresses(zone, answer.answers, prefix);
  const generous = encode({ ...packet, additionals: [...added, ...(packet.additionals ?? [])] });
  if (generous.length <= most) return generous;
  const whole = encode(packet);
  if (whole.length <= most) return whole;
  return encode({ ...packet, flags: (packet.flags ?? 0) | TRUNCATED_RESPONSE, answers: [], authorities: [] });
}

/** Hosts of SRV records whose addresses are added to the answer. */
const MAX_TARGETS = 8;

/** The addresses of SRV targets, which save the asker a round trip (RFC 2782). */
function targetAddresses(zone: Zone, answers: readonly Answer[], prefix: string): Answer[] {
  const targets = answers.flatMap((record) => (record.type === "SRV" ? [record.data.target] : []));
  return [...new Set(targets)].slice(0, MAX_TARGETS).flatMap((name) =>
    ["AAAA", "A"].flatMap((type) => {
      const found = zone.answer({ name, type }, prefix);
      return found.kind === "drop" ? [] : found.answers.filter((record) => record.type === type);
    }),
  );
}

interface Subnet {
  readonly family: number;
  readonly ip: string;
  readonly length: number;
  readonly prefix: string;
}

/** The EDNS Client Subnet of a query (RFC 7871 §6). */
function subnetOf(query: Packet): Subnet | undefined {
  for (const record of query.additionals ?? []) {
    if (record.type !== "OPT") continue;
    for (const option of record.options) {
      if (option.code !== 8 || !("ip" in option) || typeof option.ip !== "string") continue;
      const length = option.sourcePrefixLength ?? 0;
      const family = option.family ?? 1;
      if ((family === 1 && length <= 32) || (family === 2 && length <= 128)) {
        return { family, ip: option.ip, length, prefix: `${option.ip}/${length}` };
      }
    }
  }
  return undefined;
}

function optFor(subnet: Subnet | undefined, ordered: boolean): Answer {
  const { family, ip, length } = subnet ?? { family: 1, ip: "0.0.0.0", length: 0 };
  const option = {
    code: 8 as const,
    family,
    ip,
    sourcePrefixLength: length,
    scopePrefixLength: ordered ? length : 0,
  };
  return {
    type: "OPT",
    name: ".",
    udpPayloadSize: MAX_UDP,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: subnet ? [option] : [],
  };
}
