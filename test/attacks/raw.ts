// Raw connections to a node under attack: bytes out, text in, nothing understood on the way.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls, type SecureContext } from "node:tls";
import { WebSocket } from "ws";
import { NS_BIND, NS_CLIENT, NS_FRAMING, NS_SASL, NS_STREAM, NS_TLS } from "../../xmpp/xml/namespaces.ts";
import { PASSWORD } from "../harness/scene-server.ts";

/** Real ms that anything may take before a test calls it a hang. */
export const PATIENCE = 10_000;

/** A stream header for the domain. */
export function header(to: string, namespace: string = NS_CLIENT, from?: string): string {
  const sender = from === undefined ? "" : ` from='${from}'`;
  return `<?xml version='1.0'?><stream:stream xmlns='${namespace}' xmlns:stream='${NS_STREAM}' to='${to}'${sender} version='1.0'>`;
}

/** What came and what was waited for, over any transport. */
abstract class Raw {
  /** All text that came, and whether more can come. */
  text = "";
  ended = false;
  private seen = 0;
  private waiters: (() => void)[] = [];

  abstract send(text: string): void;
  abstract destroy(): void;

  /** Waits for `what` behind what was waited for before. @throws Error with what came instead */
  async until(what: string | RegExp): Promise<string> {
    for (;;) {
      const rest = this.text.slice(this.seen);
      const at = typeof what === "string" ? rest.indexOf(what) : rest.search(what);
      if (at >= 0) {
        const length = typeof what === "string" ? what.length : (what.exec(rest) as RegExpExecArray)[0].length;
        this.seen += at + length;
        return rest.slice(0, at + length);
      }
      if (this.ended) throw new Error(`the connection ended before ${what}: ${rest.slice(-1000)}`);
      await this.change(`${what}`);
    }
  }

  /** Waits for the end of the connection; all that came and was not waited for. */
  async end(): Promise<string> {
    while (!this.ended) await this.change("the end of the connection");
    return this.text.slice(this.seen);
  }

  protected came(text: string): void {
    this.text += text;
    this.wake();
  }

  protected over(): void {
    this.ended = true;
    this.wake();
  }

  private wake(): void {
    for (const waiter of this.waiters.splice(0)) waiter();
  }

  private change(what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no ${what} within ${PATIENCE} ms, but: ${this.text.slice(this.seen).slice(-1000)}`)),
        PATIENCE,
      );
      this.waiters.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

/** A TCP connection, with TLS from the first byte or by STARTTLS where asked. */
export class RawTcp extends Raw {
  socket: Socket;

  constructor(socket: Socket) {
    super();
    this.socket = socket;
    this.listen();
  }

  /** `identity` is the certificate it shows of itself. */
  static async connect(port: number, tls?: string, identity?: SecureContext): Promise<RawTcp> {
    const own = identity === undefined ? {} : { secureContext: identity };
    const socket =
      tls === undefined
        ? connect({ port, host: "127.0.0.1", noDelay: true })
        : connectTls({ port, host: "127.0.0.1", servername: tls, rejectUnauthorized: false, ...own });
    const raw = new RawTcp(socket);
    await once(socket, tls === undefined ? "connect" : "secureConnect");
    return raw;
  }

  send(text: string | Uint8Array): void {
    if (!this.socket.destroyed) this.socket.write(text);
  }

  /** Resolves once the kernel has taken all that was sent, or the connection is over. */
  async sent(): Promise<void> {
    while (!this.ended && this.socket.writableLength > 0)
      await Promise.race([once(this.socket, "drain"), once(this.socket, "close")]).catch(() => undefined);
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Opens a stream and reads up to its features. */
  async open(domain: string): Promise<string> {
    this.send(header(domain));
    return this.until("</stream:features>");
  }

  async starttls(domain: string): Promise<void> {
    this.send(`<starttls xmlns='${NS_TLS}'/>`);
    await this.upgrade(domain);
  }

  /** The handshake, once the server says that it may begin. */
  async upgrade(domain: string): Promise<void> {
    await this.until(/<proceed[^>]*>/);
    const plain = this.socket;
    plain.removeAllListeners("data").removeAllListeners("close");
    this.socket = connectTls({ socket: plain, servername: domain, rejectUnauthorized: false });
    this.listen();
    await once(this.socket, "secureConnect");
  }

  /** PLAIN, and the header behind it. */
  async login(local: string, domain: string, password = PASSWORD): Promise<void> {
    this.send(plain(local, password));
    await this.until(/<success[^>]*>/);
    await this.open(domain);
  }

  async bind(resource: string): Promise<void> {
    this.send(bindText(resource));
    await this.until("</iq>");
  }

  private listen(): void {
    this.socket.on("data", (bytes: Buffer) => this.came(bytes.toString("utf8")));
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => this.over());
  }
}

/** A WebSocket connection. */
export class RawWebSocket extends Raw {
  readonly socket: WebSocket;

  constructor(socket: WebSocket) {
    super();
    this.socket = socket;
    socket.on("message", (data) => this.came(String(data)));
    socket.on("error", () => undefined);
    socket.on("close", () => this.over());
  }

  static async connect(port: number): Promise<RawWebSocket> {
    const raw = new RawWebSocket(new WebSocket(`ws://127.0.0.1:${port}/xmpp-websocket`, "xmpp"));
    await once(raw.socket, "open");
    return raw;
  }

  send(text: string): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(text, () => undefined);
  }

  destroy(): void {
    this.socket.terminate();
  }

  async open(domain: string): Promise<string> {
    this.send(`<open xmlns='${NS_FRAMING}' to='${domain}' version='1.0'/>`);
    return this.until("</stream:features>");
  }

  async login(local: string, domain: string): Promise<void> {
    this.send(plain(local, PASSWORD));
    await this.until(/<success[^>]*>/);
    await this.open(domain);
  }

  async bind(resource: string): Promise<void> {
    this.send(bindText(resource));
    await this.until("</iq>");
  }
}

/** The PLAIN exchange's one message. */
export function plain(local: string, password: string): string {
  const data = Buffer.from(`\0${local}\0${password}`).toString("base64");
  return `<auth xmlns='${NS_SASL}' mechanism='PLAIN'>${data}</auth>`;
}

/** The request for a resource. */
export function bindText(resource: string): string {
  return `<iq xmlns='${NS_CLIENT}' type='set' id='bind'><bind xmlns='${NS_BIND}'><resource>${resource}</resource></bind></iq>`;
}
