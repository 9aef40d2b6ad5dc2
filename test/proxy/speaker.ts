// A connection through a (real or made-up) balancer, spoken by hand: header, TLS, and lines of a stream.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls, type SecureContext } from "node:tls";
import { WebSocket } from "ws";
import { clientContext } from "../harness/certificates.ts";

/** Password of the accounts that speak. */
export const PASSWORD = "pencil";

/** A version 1 header of a client. */
export function v1(address: string, port = 40_000): Buffer {
  const [family, own] = address.includes(":") ? ["TCP6", "2001:db8::ffff"] : ["TCP4", "203.0.113.1"];
  return Buffer.from(`PROXY ${family} ${address} ${own} ${port} 5222\r\n`);
}

/** A version 2 header of an IPv4 client, with a TLV as AWS adds it; LOCAL without an address. */
export function v2(address?: string, port = 40_000): Buffer {
  const signature = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
  if (address === undefined) return Buffer.concat([signature, Buffer.from([0x20, 0, 0, 0])]);
  const addresses = [...address.split(".").map(Number), 203, 0, 113, 1, port >> 8, port & 255, 20, 102];
  const endpoint = [0xea, 0, 4, 1, 118, 112, 99];
  return Buffer.concat([signature, Buffer.from([0x21, 0x11, 0, 12 + endpoint.length, ...addresses, ...endpoint])]);
}

/** How a speaker connects. */
export interface Way {
  /** Own address on loopback; 127.0.0.1 without. */
  readonly from?: string;
  /** Sent first, in clear. */
  readonly header?: Buffer;
  /** Every byte of the header in a packet of its own, as far as the system plays along. */
  readonly bytewise?: boolean;
  /** TLS follows at once, with this ALPN and perhaps a certificate. */
  readonly direct?: { readonly alpn: string; readonly context?: SecureContext };
}

/** Opens a connection the way that is told. */
export async function open(port: number, way: Way = {}): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, localAddress: way.from ?? "127.0.0.1" });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  const header = way.header ?? Buffer.alloc(0);
  if (!way.bytewise) socket.write(header);
  else
    for (const byte of header) {
      await new Promise<void>((resolve, reject) =>
        socket.write(Buffer.from([byte]), (error) => (error ? reject(error) : resolve())),
      );
      await new Promise((resolve) => setImmediate(resolve));
    }
  return way.direct === undefined ? socket : secure(socket, way.direct);
}

async function secure(plain: Socket, { alpn, context }: NonNullable<Way["direct"]>): Promise<Socket> {
  const secureContext = context ?? clientContext();
  const socket = connectTls({
    socket: plain,
    secureContext,
    servername: "verona.test",
    ALPNProtocols: [alpn],
    rejectUnauthorized: false,
  });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  return socket;
}

/** Speaks on one connection. */
export class Speaker {
  readonly closed: Promise<void>;
  private socket: Socket;
  private text = "";
  private look: () => void = () => undefined;
  private over = false;

  constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.over = true;
        this.look();
        resolve();
      });
    });
    this.listen();
  }

  static async connect(port: number, way?: Way): Promise<Speaker> {
    return new Speaker(await open(port, way));
  }

  send(text: string): void {
    this.socket.write(text);
  }

  /** Resolves with what came up to the match; the next call looks behind it. @throws Error where the connection ends before */
  until(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      this.look = () => {
        const match = pattern.exec(this.text);
        if (match !== null) {
          const end = match.index + match[0].length;
          const said = this.text.slice(0, end);
          this.text = this.text.slice(end);
          this.look = () => undefined;
          resolve(said);
        } else if (this.over) reject(new Error(`closed before ${pattern}; came: ${this.text}`));
      };
      this.look();
    });
  }

  /** Upgrades by STARTTLS; the stream's header has been answered. RFC 6120 §5.4. */
  async startTls(context?: SecureContext): Promise<void> {
    this.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    await this.until(/<proceed [^>]*>/);
    this.socket.removeAllListeners("data");
    this.socket = await secure(this.socket, { alpn: "xmpp-client", ...(context === undefined ? {} : { context }) });
    this.listen();
  }

  /** Opens a client stream and reads its features. */
  async openStream(ns = "jabber:client", from = ""): Promise<string> {
    const sender = from === "" ? "" : ` from='${from}'`;
    this.send(`<stream:stream xmlns='${ns}' xmlns:stream='http://etherx.jabber.org/streams'`);
    this.send(` version='1.0' to='verona.test'${sender}>`);
    return this.until(/<\/stream:features>/);
  }

  async logIn(local: string): Promise<void> {
    await this.openStream();
    this.send(plain(local));
    await this.until(/<success /);
  }

  /** A server proves its domain by the certificate of its TLS. XEP-0178 §3. */
  async provideCertificate(domain: string): Promise<void> {
    await this.openStream("jabber:server", domain);
    this.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>");
    await this.until(/<success /);
  }

  end(): void {
    this.socket.destroy();
  }

  private listen(): void {
    this.socket.setEncoding("utf8");
    this.socket.on("data", (chunk: string) => {
      this.text += chunk;
      this.look();
    });
  }
}

/** Upgrades a connection to WebSocket, logs romeo in and drops it. RFC 7395. */
export async function logInByWebSocket(socket: Duplex): Promise<void> {
  const client = new WebSocket("ws://verona.test/xmpp-websocket", "xmpp", { createConnection: () => socket });
  const success = new Promise<void>((resolve) => {
    client.on("message", (frame) => String(frame).startsWith("<success") && resolve());
  });
  await once(client, "open");
  client.send("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='verona.test' version='1.0'/>");
  client.send(plain("romeo"));
  await success;
  client.terminate();
  await once(client, "close");
}

/** SASL PLAIN of an account. */
function plain(local: string): string {
  const message = Buffer.from(`\0${local}\0${PASSWORD}`).toString("base64");
  return `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${message}</auth>`;
}
