// One question put to one name server: UDP from a fresh port, TCP where the answer was cut short.
import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { connect, isIPv6 } from "node:net";
import type { Clock } from "../../xmpp/clock.ts";
import { judge, makeQuery, type QueryType, type Reply } from "./message.ts";

/** A name server's address and port. */
export interface NameServer {
  readonly address: string;
  readonly port: number;
}

/** What an exchange needs besides the question. */
export interface ExchangeOptions {
  readonly clock: Clock;
  /** How long one server may take for one attempt over one transport, ms. */
  readonly timeoutMs: number;
  /** Ask for and believe the AD bit of this server. */
  readonly ad: boolean;
  readonly edns: boolean;
  readonly signal: AbortSignal;
}

/** An answer, or why there is none; never a throw. */
export type Outcome =
  | { readonly kind: "reply"; readonly reply: Reply }
  | { readonly kind: "failed"; readonly reason: string };

/** Datagrams that do not match before we take it for a forger's flood and ask over TCP (RFC 5452 §9.2). */
const MAX_UNASKED = 16;

/** Asks `server` once: UDP, then TCP if the answer was truncated or the socket flooded with answers to nothing asked. */
export async function exchange(
  server: NameServer,
  name: string,
  type: QueryType,
  options: ExchangeOptions,
): Promise<Outcome> {
  const first = await askUdp(server, name, type, options);
  if (first.kind === "flooded" || (first.kind === "reply" && first.reply.truncated)) {
    return askTcp(server, name, type, options);
  }
  return first;
}

/** Runs `start` until it settles, the time is over or the signal aborts; `stop` then frees what it holds. */
function bounded<T>(
  options: ExchangeOptions,
  late: (reason: string) => T,
  start: (settle: (value: T) => void) => () => void,
): Promise<T> {
  return new Promise((resolve) => {
    let open = true;
    let stop: (() => void) | undefined;
    const settle = (value: T) => {
      if (!open) return;
      open = false;
      options.clock.clearTimeout(timer);
      options.signal.removeEventListener("abort", onAbort);
      stop?.();
      resolve(value);
    };
    const onAbort = () => settle(late("the resolver was closed"));
    // An answer that has come while this process was busy counts: it is read before what is immediate.
    const timeUp = () => setImmediate(() => settle(late("no answer in time")));
    const timer = options.clock.setTimeout(timeUp, options.timeoutMs);
    if (options.signal.aborted) return onAbort();
    options.signal.addEventListener("abort", onAbort, { once: true });
    stop = start(settle);
    if (!open) stop();
  });
}

type UdpOutcome = Outcome | { readonly kind: "flooded" };

function askUdp(server: NameServer, name: string, type: QueryType, options: ExchangeOptions): Promise<UdpOutcome> {
  const query = makeQuery(randomInt(0x10000), name, type, options);
  return bounded<UdpOutcome>(options, failed, (settle) => {
    // A new socket for each question: the port is the kernel's random choice, and being connected it takes datagrams
    // from this server alone.
    const socket = createSocket(isIPv6(server.address) ? "udp6" : "udp4");
    let unasked = 0;
    socket.on("error", (error) => settle(failed(plainly(error))));
    socket.on("message", (bytes, from) => {
      const judged = from.port === server.port ? judge(bytes, query) : ({ kind: "unasked" } as const);
      if (judged.kind === "reply") settle(judged);
      else if (judged.kind === "malformed") settle(failed(judged.reason));
      else if (++unasked >= MAX_UNASKED) settle({ kind: "flooded" });
    });
    socket.on("connect", () => socket.send(query.bytes));
    socket.connect(server.port, server.address);
    return () => socket.close();
  });
}

function askTcp(server: NameServer, name: string, type: QueryType, options: ExchangeOptions): Promise<Outcome> {
  const query = makeQuery(randomInt(0x10000), name, type, options);
  return bounded<Outcome>(options, failed, (settle) => {
    const socket = connect({ host: server.address, port: server.port, noDelay: true });
    let read: Buffer = Buffer.alloc(0);
    socket.on("connect", () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(query.bytes.length);
      socket.write(Buffer.concat([length, query.bytes]));
    });
    socket.on("data", (bytes: Buffer) => {
      read = Buffer.concat([read, bytes]);
      if (read.length < 2) return;
      const end = 2 + read.readUInt16BE(0);
      if (read.length < end) return;
      const judged = judge(read.subarray(2, end), query);
      if (judged.kind === "reply" && !judged.reply.truncated) settle(judged);
      else settle(failed(judged.kind === "malformed" ? judged.reason : "an answer to something not asked"));
    });
    socket.on("error", (error) => settle(failed(plainly(error))));
    socket.on("close", () => settle(failed("the connection was closed without an answer")));
    return () => socket.destroy();
  });
}

function failed(reason: string): { kind: "failed"; reason: string } {
  return { kind: "failed", reason };
}

function plainly(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  if (code === "ECONNREFUSED") return "nothing listens there";
  if (code === "EHOSTUNREACH" || code === "ENETUNREACH") return "no route to it";
  return code === "" ? "a socket error" : code;
}
