// A lean XMPP client over one socket: scans text for what it waits for, and never parses.
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { streamHeader } from "./ports.ts";
import { type Hash, ScramClient } from "./scram.ts";
import type { ServerUnderTest } from "./server.ts";

/** SASL mechanisms measured. */
export type Mechanism = "PLAIN" | `SCRAM-${Hash}`;

/** How a client reaches a server. */
export interface Way {
  readonly tls?: boolean;
  /** Source address, so that many thousand sockets do not share one range of ports. */
  readonly from?: string;
}

/** Every plain socket reads into this: what it holds is taken out before the next read. */
const READ_BUFFER = Buffer.allocUnsafe(256 * 1024);

/** ms after which an answer that did not come is a failure. */
const PATIENCE = 60_000;

/** One connection. */
export class Client {
  readonly server: ServerUnderTest;
  /** Full JID once bound. */
  jid = "";
  /** Takes every chunk (Latin-1) in place of `until`. */
  onText: ((text: string) => void) | undefined;
  /** Resolves once the socket is closed. */
  readonly closed: Promise<void>;
  private readonly socket: Socket;
  private buffered = "";
  private waiting: { pattern: RegExp; resolve(text: string): void; reject(error: Error): void } | undefined;
  private over = false;

  constructor(server: ServerUnderTest, way: Way = {}) {
    this.server = server;
    const local = way.from === undefined ? {} : { localAddress: way.from };
    if (way.tls === true) {
      const port = server.tlsPort;
      const options = { ...local, host: "127.0.0.1", servername: server.domain, rejectUnauthorized: false };
      this.socket = connectTls({ ...options, port, ALPNProtocols: ["xmpp-client"] });
      this.socket.setEncoding("latin1");
      this.socket.on("data", (text: string) => this.take(text));
    } else {
      const onread = {
        buffer: READ_BUFFER,
        callback: (length: number, buffer: Uint8Array) => {
          this.take((buffer as Buffer).toString("latin1", 0, length));
          return true;
        },
      };
      this.socket = connectTcp({ ...local, host: "127.0.0.1", port: server.port, onread });
    }
    this.socket.setNoDelay(true);
    this.closed = new Promise((resolve) => this.socket.once("close", () => resolve()));
    this.socket.on("error", (error) => this.fail(error));
    this.socket.on("end", () => this.fail(new Error("the server closed the connection")));
  }

  /** Writes ASCII. */
  send(text: string): void {
    this.socket.write(text, "latin1");
  }

  /** Waits until what was received and not yet taken matches, and takes it up to the end of the match. */
  until(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      this.waiting = { pattern, resolve, reject };
      this.look();
      if (this.over) this.fail(new Error("the connection is closed"));
    });
  }

  /** Opens the stream, authenticates and binds. @throws Error where the server refuses */
  async login(local: string, password: string, mechanism: Mechanism): Promise<void> {
    const header = streamHeader(this.server.domain);
    this.send(header);
    await this.until(/<\/stream:features>/);
    await this.authenticate(local, password, mechanism);
    this.send(header);
    await this.until(/<\/stream:features>/);
    this.send(
      "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>bench</resource></bind></iq>",
    );
    const bound = await this.until(/<\/iq>/);
    const jid = /<jid>([^<]+)<\/jid>/.exec(bound)?.[1];
    if (jid === undefined) throw new Error(`not bound: ${bound}`);
    this.jid = jid;
  }

  /** Becomes available and waits until the server has dealt with that: it answers an IQ that came after. */
  async becomeAvailable(): Promise<void> {
    this.send("<presence/><iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
    await this.until(/<iq[^>]*id=.r.[^>]*>/);
  }

  /** Closes the stream both ways. RFC 6120 §4.4 */
  async close(): Promise<void> {
    this.send("</stream:stream>");
    await this.until(/<\/stream:stream>/).catch(() => "");
    this.over = true;
    this.socket.end();
    await this.closed;
  }

  /** Drops the connection. */
  destroy(): void {
    this.over = true;
    this.socket.destroy();
  }

  private async authenticate(local: string, password: string, mechanism: Mechanism): Promise<void> {
    const auth = (text: string) =>
      `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='${mechanism}'>${base64(text)}</auth>`;
    if (mechanism === "PLAIN") this.send(auth(`\0${local}\0${password}`));
    else {
      const scram = new ScramClient(mechanism === "SCRAM-SHA-1" ? "SHA-1" : "SHA-256", local, password);
      this.send(auth(scram.first()));
      const challenge = await this.until(/<\/challenge>|<\/failure>/);
      const text = /<challenge[^>]*>([^<]+)</.exec(challenge)?.[1];
      if (text === undefined) throw new Error(`no challenge for ${mechanism}: ${challenge}`);
      const final = scram.final(Buffer.from(text, "base64").toString());
      this.send(`<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${base64(final)}</response>`);
    }
    const outcome = await this.until(/<success[^>]*(\/>|>[^<]*<\/success>)|<\/failure>|<\/stream:stream>/);
    if (!outcome.includes("<success")) throw new Error(`${mechanism} of ${local} refused: ${outcome}`);
  }

  private take(text: string): void {
    if (this.onText !== undefined) return this.onText(text);
    this.buffered += text;
    this.look();
  }

  private look(): void {
    const match = this.waiting?.pattern.exec(this.buffered);
    if (match === null || match === undefined) return;
    const end = match.index + match[0].length;
    const taken = this.buffered.slice(0, end);
    this.buffered = this.buffered.slice(end);
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.resolve(taken);
  }

  private fail(error: Error): void {
    this.over = true;
    this.waiting?.reject(
      new Error(`${this.server.name}: ${error.message}; last received: ${this.buffered.slice(-300)}`),
    );
    this.waiting = undefined;
  }
}

/** Rejects where `work` takes too long. */
export async function within<T>(what: string, work: Promise<T>, ms = PATIENCE): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not done after ${ms} ms`)), ms);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Runs `work` for 0 … `count` - 1, `atOnce` at a time. */
export async function forEach(count: number, atOnce: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane));
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
