// The wire of a load client: connects, comes back by itself, is cut where a test says so, and notes its absences.
import { connect, type Socket } from "node:net";
import type { Carrier } from "../../xmpp/client/carrier.ts";
import { ClientStream } from "../../xmpp/client/stream.ts";
import { growingPause } from "../../xmpp/try-again.ts";

/** One time without a stream. Times are ms of `performance.now()`. */
export interface Absence {
  readonly at: number;
  backAt: number | undefined;
  /** True where the session went on. */
  resumed: boolean;
  /** Port of the stream that broke, and of the one that came. */
  readonly before: number;
  after: number;
}

/** ms over which an attempt is spread at most. */
const LONGEST_PAUSE = 8_000;
/** All of a pause is at random. RFC 6120 §3.3. */
const SPREAD = { sure: 0, random: Math.random };
/** ms after which a log-in that leads nowhere is begun anew. */
const LOGIN_MS = 30_000;

/** Where and how a wire connects. */
export interface WireOptions {
  readonly domain: string;
  /** Own address, so that thousands of sockets do not share one range of ports. */
  readonly from?: string;
  /** ms over which the first attempt after a break is spread; later ones are spread over twice as much each. */
  readonly jitterMs?: number;
}

/** A connection that is kept up. What is said over it is its client's. */
export abstract class LoadWire {
  readonly absences: Absence[] = [];
  online = false;
  /** Bytes that may still come or go before the wire is cut, in the middle of whatever it is. */
  cutAfter: { in: number; out: number } | undefined;
  onCut: () => void = () => {};
  port = 0;
  protected socket: Socket | undefined;
  /** The stream of the connection there is. */
  private stream: ClientStream | undefined;
  protected wanted = false;
  /** True from when stanzas may be written to this stream. */
  protected open = false;
  private attempts = 0;
  protected timer: NodeJS.Timeout | undefined;
  protected seeOther: number | undefined;

  private readonly where: WireOptions;

  constructor(where: WireOptions) {
    this.where = where;
  }

  /** Port of the client's own end: how the server's end is found in the kernel's tables. */
  get localPort(): number | undefined {
    return this.socket?.localPort;
  }

  /** Comes online and stays so through whatever happens, until `leave` or `stop`. */
  come(): void {
    this.wanted = true;
    if (this.socket === undefined) this.dial();
  }

  /** The network is gone, and does not come back before `come`. */
  breakOff(): void {
    this.wanted = false;
    this.drop();
  }

  /** Drops the connection; the client comes back by itself. */
  drop(): void {
    this.socket?.resetAndDestroy();
    this.gone();
  }

  /** Ends all of it at once. */
  stop(): void {
    this.breakOff();
    clearTimeout(this.timer);
  }

  /** Reads no further: the window towards the server fills up and closes. */
  pause(): void {
    this.socket?.pause();
  }

  resume(): void {
    this.socket?.resume();
  }

  /** The port to connect to next. */
  protected abstract pick(): number;

  /** A connection is there: its stream is to be negotiated. */
  protected abstract connected(stream: ClientStream): void;

  /** The stream is gone. */
  protected abstract lost(): void;

  private dial(): void {
    clearTimeout(this.timer);
    this.port = this.seeOther ?? this.pick();
    this.seeOther = undefined;
    const { from } = this.where;
    const socket = connect({
      host: "127.0.0.1",
      port: this.port,
      ...(from === undefined ? {} : { localAddress: from }),
    });
    this.socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding("latin1");
    const carrier = this.carrierOf(socket);
    const stream = new ClientStream(carrier, this.where.domain);
    this.stream = stream;
    socket.on("connect", () => this.connected(stream));
    socket.on("data", (chunk) => {
      if (this.socket === socket) this.take(String(chunk), carrier);
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      if (this.socket === socket) this.gone();
    });
    this.timer = setTimeout(() => this.drop(), LOGIN_MS);
  }

  /** The connection as its stream sees it: cut where a test says so. */
  private carrierOf(socket: Socket): Carrier {
    const withoutTls = () => {
      throw new Error("load is without TLS");
    };
    return {
      framed: false,
      onText: () => {},
      onClose: () => {},
      localPort: socket.localPort,
      write: (text) => {
        if (this.socket === socket) this.write(text);
      },
      secure: withoutTls,
      bindingData: withoutTls,
      end: () => socket.end(),
      drop: () => socket.destroy(),
    };
  }

  private gone(): void {
    clearTimeout(this.timer);
    const { stream } = this;
    this.socket?.removeAllListeners("data");
    this.socket = undefined;
    this.stream = undefined;
    stream?.carrier.onClose("the connection is gone");
    if (this.online) {
      const absence = { at: performance.now(), backAt: undefined, resumed: false, before: this.port, after: 0 };
      this.absences.push(absence);
    }
    this.online = false;
    this.open = false;
    this.lost();
    if (!this.wanted) return;
    const pause = growingPause(this.attempts, { first: this.where.jitterMs ?? 500, longest: LONGEST_PAUSE }, SPREAD);
    this.attempts += 1;
    this.timer = setTimeout(() => this.dial(), this.seeOther === undefined ? pause : 0);
  }

  protected write(text: string): void {
    const { socket, cutAfter } = this;
    if (socket === undefined || socket.destroyed) return;
    if (cutAfter !== undefined && text.length >= cutAfter.out) {
      socket.write(text.slice(0, cutAfter.out), "latin1");
      return this.cut();
    }
    if (cutAfter !== undefined) cutAfter.out -= text.length;
    socket.write(text, "latin1");
  }

  private take(chunk: string, carrier: Carrier): void {
    const { cutAfter, socket } = this;
    const cut = cutAfter !== undefined && chunk.length >= cutAfter.in;
    if (cutAfter !== undefined && !cut) cutAfter.in -= chunk.length;
    carrier.onText(cut ? chunk.slice(0, cutAfter.in) : chunk);
    if (cut && this.socket === socket) this.cut();
  }

  private cut(): void {
    this.cutAfter = undefined;
    this.socket?.destroy();
    this.gone();
    this.onCut();
  }

  /** The client is online (again). */
  protected entered(resumed: boolean): void {
    clearTimeout(this.timer);
    this.attempts = 0;
    this.open = true;
    this.online = true;
    const last = this.absences.at(-1);
    if (last !== undefined && last.backAt === undefined) {
      last.backAt = performance.now();
      last.resumed = resumed;
      last.after = this.port;
    }
  }
}
