// One connection to (or from) the server under test: TCP or TLS, text out, stream events into an inbox.
import { connect, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type SecureContext, TLSSocket } from "node:tls";
import { NS_SASL, NS_TLS } from "../../xmpp/xml/namespaces.ts";
import type { Answers } from "./actor.ts";
import { Inbox, type Received } from "./inbox.ts";
import { StreamReader } from "./stream-reader.ts";
import type { Transcript } from "./transcript.ts";
import { showXml, type XmlNode } from "./xml-node.ts";

/** What a wire upgrades to TLS with. */
export interface WireTls {
  readonly context: SecureContext;
  readonly servername?: string | undefined;
  readonly alpn?: string | undefined;
}

/** A connection as talks use it. */
export interface Wire {
  readonly name: string;
  readonly inbox: Inbox;
  /** True where frames carry the stream (RFC 7395). */
  readonly framed: boolean;
  readonly socket: Socket | undefined;
  /** Answers to these ids go to their waiter and not to the inbox. */
  readonly answers: Answers;
  readonly ended: boolean;
  send(text: string): void;
  sendBytes(bytes: Uint8Array): void;
  /** Ends our side of the connection. */
  end(): void;
  destroy(): void;
}

/** A wire over TCP, with or without TLS. */
export class TcpWire implements Wire {
  readonly name: string;
  readonly inbox = new Inbox();
  readonly framed = false;
  readonly answers: Answers;
  ended = false;
  socket: Socket;
  private readonly transcript: Transcript;
  private readonly side: "client" | "server";
  private readonly tls: WireTls | undefined;
  private reader: StreamReader;
  private upgrading: Promise<void> | undefined;

  constructor(
    name: string,
    socket: Socket,
    side: "client" | "server",
    transcript: Transcript,
    tls?: WireTls,
    answers: Answers = new Map(),
  ) {
    this.name = name;
    this.answers = answers;
    this.socket = socket;
    this.side = side;
    this.transcript = transcript;
    this.tls = tls;
    this.reader = this.newReader();
    this.listen();
  }

  /** Connects; with `direct`, TLS begins at once (XEP-0368). */
  static async connect(
    name: string,
    port: number,
    address: string,
    transcript: Transcript,
    tls?: WireTls,
    direct = false,
  ): Promise<TcpWire> {
    const socket = connect({ port, host: address, noDelay: true, allowHalfOpen: true });
    socket.on("error", () => undefined);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    transcript.add(name, "- connected");
    const wire = new TcpWire(name, socket, "client", transcript, tls);
    if (direct) await wire.startTls();
    return wire;
  }

  send(text: string): void {
    if (!isBarrier(text)) this.transcript.add(this.name, `> ${text}`);
    this.socket.write(text);
    // What a server sends as it gives way to TLS or to a new stream.
    if (this.side === "server" && text.includes("<proceed ") && text.includes(NS_TLS)) void this.startTls();
    if (text.includes("<success") && text.includes(NS_SASL)) this.reader = this.newReader();
  }

  sendBytes(bytes: Uint8Array): void {
    this.transcript.add(this.name, `> ${Buffer.from(bytes).toString("latin1")}`);
    this.socket.write(bytes);
  }

  end(): void {
    this.socket.end();
  }

  destroy(): void {
    // What we do ourselves is not received.
    this.ended = true;
    abandon(this.answers);
    this.socket.destroy();
  }

  /** Waits for an upgrade that is under way. */
  async secured(): Promise<void> {
    await this.upgrading;
  }

  /** Upgrades now; the stream begins anew. */
  startTls(): Promise<void> {
    this.upgrading = this.upgrade().catch((error: Error) => {
      this.transcript.add(this.name, `- TLS failed: ${error.message}`);
      this.socket.destroy();
      this.finish();
    });
    return this.upgrading;
  }

  private async upgrade(): Promise<void> {
    const { tls, side } = this;
    if (tls === undefined) throw new Error(`${this.name} has no TLS context`);
    const plain = this.socket;
    for (const event of ["data", "end", "close"]) plain.removeAllListeners(event);
    const options: ConnectionOptions = { socket: plain, secureContext: tls.context, rejectUnauthorized: false };
    const secure =
      side === "client"
        ? connectTls({
            ...options,
            ...(tls.servername === undefined ? {} : { servername: tls.servername }),
            ...(tls.alpn === undefined ? {} : { ALPNProtocols: [tls.alpn] }),
          })
        : new TLSSocket(plain, {
            isServer: true,
            secureContext: tls.context,
            requestCert: true,
            rejectUnauthorized: false,
            ...(tls.alpn === undefined ? {} : { ALPNProtocols: [tls.alpn] }),
          });
    this.socket = secure;
    this.reader = this.newReader();
    this.listen();
    await new Promise<void>((resolve, reject) => {
      secure.once(side === "client" ? "secureConnect" : "secure", resolve);
      secure.once("error", reject);
      secure.once("close", () => reject(new Error("the connection ended during the handshake")));
    });
    this.transcript.add(this.name, `- ${secure.getProtocol()}`);
  }

  private listen(): void {
    const { socket } = this;
    socket.on("error", () => undefined);
    const decoder = new TextDecoder("utf-8", { fatal: true });
    socket.on("data", (bytes: Buffer) => {
      try {
        this.reader.write(decoder.decode(bytes, { stream: true }));
      } catch (error) {
        this.receive({ kind: "garbage", problem: (error as Error).message });
      }
    });
    socket.on("end", () => this.finish());
    socket.on("close", () => this.finish());
  }

  private finish(): void {
    if (this.ended) return;
    this.ended = true;
    this.receive({ kind: "end" });
    abandon(this.answers);
  }

  private newReader(): StreamReader {
    const reader: StreamReader = new StreamReader({
      opened: (node) => {
        // A stream that was restarted on this side goes on where the other side closes it.
        this.receive({ kind: "open", node });
      },
      element: (node) => this.element(node),
      closed: () => this.receive({ kind: "close" }),
      garbage: (problem) => this.receive({ kind: "garbage", problem }),
    });
    return reader;
  }

  private element(node: XmlNode): void {
    if (answered(this, node)) return;
    this.receive({ kind: "element", node });
    if (this.side === "client" && node.name === "proceed" && node.ns === NS_TLS) void this.startTls();
    if (node.name === "success" && node.ns === NS_SASL) this.reader = this.newReader();
  }

  private receive(item: Received): void {
    this.transcript.add(this.name, showReceived(item));
    this.inbox.push(item);
  }
}

/** True for what a barrier sends, which the transcript leaves out. */
export function isBarrier(text: string): boolean {
  return text.includes(' id="barrier-');
}

/** True where the element is the answer to a barrier's question. */
export function answered(wire: Wire, node: XmlNode): boolean {
  const key = node.name === "iq" ? (node.attributes.get("id") ?? "") : node.name === "a" ? "sm-ack" : "";
  const waiter = wire.answers.get(key);
  if (waiter === undefined) return false;
  if (node.name === "iq" && !["result", "error"].includes(node.attributes.get("type") ?? "")) return false;
  wire.answers.delete(key);
  waiter(true);
  return true;
}

/** Nobody will be answered any more. */
export function abandon(answers: Answers): void {
  for (const waiter of [...answers.values()]) waiter(false);
  answers.clear();
}

/** One received thing as the transcript shows it. */
export function showReceived(item: Received): string {
  switch (item.kind) {
    case "open":
      return `< ${showXml(item.node).replace(/\/>$/, ">")}`;
    case "element":
      return `< ${showXml(item.node)}`;
    case "close":
      return "< </stream:stream>";
    case "end":
      return "< (connection ended)";
    case "garbage":
      return `< (no XML stream: ${item.problem})`;
  }
}
