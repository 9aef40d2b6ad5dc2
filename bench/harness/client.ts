// The lean client of benchmarks: once it is logged in, text is looked through for what is waited for, and never parsed.
import { overTcp } from "../../xmpp/client/carrier.ts";
import { negotiate } from "../../xmpp/client/negotiate.ts";
import type { ScramHash } from "../../xmpp/client/scram.ts";
import { ClientStream } from "../../xmpp/client/stream.ts";
import type { ServerUnderTest } from "./server.ts";

/** SASL mechanisms measured. */
export type Mechanism = "PLAIN" | `SCRAM-${ScramHash}`;

/** How a client reaches a server. */
export interface Way {
  readonly tls?: boolean;
  /** Source address, so that many thousand sockets do not share one range of ports. */
  readonly from?: string;
}

/** ms after which an answer that did not come is a failure. */
const PATIENCE = 60_000;

/** One connection. */
export class Client {
  readonly server: ServerUnderTest;
  /** Full JID once bound. */
  jid = "";
  /** Takes every chunk (Latin-1) in place of `until`. */
  onText: ((text: string) => void) | undefined;
  private readonly way: Way;
  private readonly whenClosed = Promise.withResolvers<void>();
  private stream: ClientStream | undefined;
  private buffered = "";
  private waiting: { pattern: RegExp; resolve(text: string): void; reject(error: Error): void } | undefined;
  private over = false;

  constructor(server: ServerUnderTest, way: Way = {}) {
    this.server = server;
    this.way = way;
  }

  /** Resolves once the connection is closed. */
  get closed(): Promise<void> {
    return this.whenClosed.promise;
  }

  /** Connects, opens the stream, authenticates and binds. @throws Error where the server refuses */
  async login(local: string, password: string, mechanism: Mechanism): Promise<void> {
    const { domain, port, tlsPort, name } = this.server;
    const { tls: direct, from } = this.way;
    const place = { host: "127.0.0.1", domain, authority: "any", direct, from, lean: true };
    const carrier = await overTcp({ ...place, port: direct === true ? tlsPort : port });
    const stream = new ClientStream(carrier, domain);
    this.stream = stream;
    const plan = { starttls: false, mechanism, credentials: { user: local, password }, resource: "bench" };
    try {
      this.jid = (await negotiate(stream, { ...plan, stage: "bound" })) ?? "";
    } catch (error) {
      carrier.drop();
      throw new Error(`${name}: ${mechanism} of ${local}: ${(error as Error).message}`, { cause: error });
    }
    stream.onClose = (reason) => {
      this.fail(new Error(reason));
      this.whenClosed.resolve();
    };
    stream.takeText((text) => this.take(text));
  }

  /** Writes ASCII. */
  send(text: string): void {
    this.stream?.send(text);
  }

  /** Waits until what was received and not yet taken matches, and takes it up to the end of the match. */
  until(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      this.waiting = { pattern, resolve, reject };
      this.look();
      if (this.over) this.fail(new Error("the connection is closed"));
    });
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
    this.stream?.carrier.end();
    await this.closed;
  }

  /** Drops the connection. */
  destroy(): void {
    this.over = true;
    this.stream?.carrier.drop();
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
