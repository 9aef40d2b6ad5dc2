// A remote server that a talk impersonates: it negotiates and authenticates by itself, and its stanzas are the talk's.
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { NS_PING, NS_SERVER } from "../../xmpp/xml/namespaces.ts";
import { type Actor, type Answers, ping } from "./actor.ts";
import { type CertificateKind, contextOf } from "./certificates.ts";
import { FOREVER, Inbox, NothingCame, PATIENCE } from "./inbox.ts";
import { acceptStream } from "./peer-accept.ts";
import { openStream } from "./peer-connect.ts";
import type { Transcript } from "./transcript.ts";
import { TcpWire, type WireTls } from "./wire.ts";
import { childOf, type XmlNode } from "./xml-node.ts";

/** How a peer behaves. */
export interface PeerPlan {
  readonly domain: string;
  /** How the domains prove themselves; `none` offers nothing. */
  readonly auth: "external" | "dialback" | "none";
  readonly tls: "starttls" | "direct" | "none";
  readonly certificate: CertificateKind;
  /** The talk speaks every element: `x = DOMAIN accepts` and `x = DOMAIN connects`. */
  readonly manual: boolean;
  /** Where it listens; port 0 for a free one. */
  readonly address: string;
  readonly port: number;
}

/** Where the server under test takes S2S connections. */
export interface S2sPorts {
  readonly starttls: number;
  readonly direct: number;
}

/** A peer. */
export class Peer implements Actor {
  readonly name: string;
  readonly ns = NS_SERVER;
  readonly inbox = new Inbox();
  readonly receiver = {};
  readonly plan: PeerPlan;
  readonly answers: Answers = new Map();
  /** Dialback keys this domain has issued, each with the stream id it is for. */
  readonly keys = new Set<string>();
  port = 0;
  private readonly transcript: Transcript;
  private readonly portsOf: (domain: string | undefined, node?: number) => { domain: string; ports: S2sPorts };
  private readonly listener: Server;
  private readonly wires = new Set<TcpWire>();
  /** Those that it speaks by itself, once a domain is proven on them. */
  private readonly own = new Set<TcpWire>();
  /** Streams to the server under test, by its domain. */
  private readonly outgoing = new Map<string, Promise<TcpWire>>();
  private readonly waiting: Socket[] = [];
  private taker: ((socket: Socket) => void) | undefined;
  private accepted = 0;

  constructor(plan: PeerPlan, transcript: Transcript, portsOf: Peer["portsOf"]) {
    this.name = plan.domain;
    this.plan = plan;
    this.transcript = transcript;
    this.portsOf = portsOf;
    this.listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.arrived(socket));
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.listener.once("error", reject);
      this.listener.listen(this.plan.port, this.plan.address, resolve);
    });
    this.port = (this.listener.address() as AddressInfo).port;
  }

  /** TLS of one of its connections. */
  tls(servername?: string): WireTls {
    const context = contextOf(this.plan.domain, this.plan.certificate);
    return { context, servername, alpn: this.plan.tls === "direct" ? "xmpp-server" : undefined };
  }

  get live(): boolean {
    return [...this.own].some((wire) => !wire.ended);
  }

  /** Sends on the stream to the domain that the text is addressed to, opening it where there is none. */
  async send(text: string): Promise<void> {
    const to = /\sto=["'](?:[^"'@/]*@)?([^"'/]+)/.exec(text)?.[1];
    (await this.stream(to)).send(text);
  }

  sendBytes(bytes: Uint8Array): void {
    for (const wire of this.wires) wire.sendBytes(bytes);
  }

  async barrier(): Promise<void> {
    if (this.plan.manual) return;
    const { domain } = this.portsOf(undefined);
    const wire = await this.stream(domain);
    await ping(this.answers, domain, `${this.plan.domain}`, (text) => wire.send(text));
  }

  async close(): Promise<void> {
    for (const wire of this.wires) wire.send("</stream:stream>");
  }

  cut(): void {
    for (const wire of this.wires) wire.destroy();
    this.wires.clear();
    this.outgoing.clear();
  }

  /** A domain was proven on this connection: stanzas may flow. */
  proven(wire: TcpWire): void {
    this.own.add(wire);
  }

  /** Takes what came for this domain; keep-alive pings are answered without a word. */
  take(node: XmlNode): void {
    const { domain } = this.plan;
    const [from, to] = [node.attributes.get("from") ?? "", node.attributes.get("to")];
    if (node.attributes.get("type") !== "get" || to !== domain || from.includes("@") || !childOf(node, "ping", NS_PING))
      return this.inbox.push({ kind: "element", node });
    void this.send(`<iq type="result" id="${node.attributes.get("id")}" from="${domain}" to="${from}"/>`);
  }

  /** Ends everything. */
  stop(): Promise<void> {
    this.cut();
    for (const socket of this.waiting) socket.destroy();
    return new Promise((resolve) => this.listener.close(() => resolve()));
  }

  /** Stops listening, as a server that is down. */
  down(): Promise<void> {
    return this.stop();
  }

  /** The next connection of the server under test, for a talk that speaks it itself. */
  async accept(name: string): Promise<TcpWire> {
    const socket = this.waiting.shift() ?? (await this.arrival());
    const wire = this.keep(new TcpWire(name, socket, "server", this.transcript, this.tls()));
    if (this.plan.tls === "direct") await wire.startTls();
    return wire;
  }

  /** A connection to the server under test, for a talk that speaks it itself. */
  async connect(
    name: string,
    to: string | undefined,
    { direct, certificate, node }: { direct: boolean; certificate: CertificateKind | undefined; node: number },
  ): Promise<TcpWire> {
    const { domain, ports } = this.portsOf(to, node);
    const context = contextOf(this.plan.domain, certificate ?? this.plan.certificate);
    const tls = { context, servername: domain, alpn: direct ? "xmpp-server" : undefined };
    const port = direct ? ports.direct : ports.starttls;
    return this.keep(await TcpWire.connect(name, port, "127.0.0.1", this.transcript, tls, direct));
  }

  private keep(wire: TcpWire): TcpWire {
    this.wires.add(wire);
    wire.socket.once("close", () => this.wires.delete(wire));
    return wire;
  }

  private arrival(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new NothingCame(`${this.name}: no connection came`)), PATIENCE);
      this.taker = (socket) => {
        clearTimeout(timer);
        resolve(socket);
      };
    });
  }

  private arrived(socket: Socket): void {
    socket.on("error", () => undefined);
    this.transcript.add(this.name, "- a connection came");
    if (this.plan.manual) {
      const take = this.taker;
      this.taker = undefined;
      if (take === undefined) this.waiting.push(socket);
      else take(socket);
      return;
    }
    const name = `${this.name}#${++this.accepted}`;
    const wire = this.keep(new TcpWire(name, socket, "server", this.transcript, this.tls(), this.answers));
    void acceptStream(this, wire);
  }

  private stream(to: string | undefined): Promise<TcpWire> {
    const { domain } = this.portsOf(to);
    let stream = this.outgoing.get(domain);
    if (stream === undefined) {
      stream = this.open(domain);
      this.outgoing.set(domain, stream);
    }
    return stream;
  }

  private async open(domain: string): Promise<TcpWire> {
    const direct = this.plan.tls === "direct";
    const { ports } = this.portsOf(domain);
    const wire = await TcpWire.connect(
      `${this.name}>`,
      direct ? ports.direct : ports.starttls,
      "127.0.0.1",
      this.transcript,
      this.tls(domain),
      direct,
    );
    this.keep(wire);
    await openStream(this, wire, domain);
    this.proven(wire);
    this.transcript.collapse(wire.name, `- stream to ${domain}, proven by ${this.plan.auth}`);
    void this.forward(wire, domain);
    return wire;
  }

  /** What the server says on a stream we opened: its errors and its end. */
  private async forward(wire: TcpWire, domain: string): Promise<void> {
    for (;;) {
      const item = await wire.inbox.next(FOREVER);
      if (item.kind === "element") this.take(item.node);
      else this.inbox.push(item);
      if (item.kind === "close") wire.end();
      if (item.kind !== "end") continue;
      this.outgoing.delete(domain);
      return;
    }
  }
}
