// How a client reaches a server: TCP, with TLS at once or by STARTTLS, or WebSocket.

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, TLSSocket } from "node:tls";
import { lastingClock, systemClock } from "../clock.ts";
import { channelBinding } from "./channel-binding.ts";

/** A connection that carries text. */
export interface Carrier {
  /** True where each text is one whole element (RFC 7395). */
  readonly framed: boolean;
  /** Called with what came: a part of the stream, or a frame. */
  onText: (text: string) => void;
  /** Called once when the connection is gone. */
  onClose: (reason: string) => void;
  /** The port of our end; undefined where it is not told. */
  readonly localPort: number | undefined;
  write(text: string): void;
  /** Goes on over TLS. */
  secure(): Promise<void>;
  /** RFC 9266, RFC 5929 §4. @throws Error without TLS */
  bindingData(binding: string): Buffer;
  /** Ends our side, and the connection a moment later. */
  end(): void;
  /** Breaks the connection without a word, as a lost network does. */
  drop(): void;
}

/** Where a server is, and how its name is proven. */
export interface TcpPlace {
  readonly host: string;
  readonly port: number;
  /** The name that the server's certificate has to prove. */
  readonly domain: string;
  /** PEM of the one authority that is trusted; `any`: no proof is asked for. Undefined: those that Node trusts. */
  readonly authority?: string | "any" | undefined;
  /** True for TLS from the first byte (XEP-0368). */
  readonly direct?: boolean | undefined;
  /** Own address, so that many thousand sockets do not share one range of ports. */
  readonly from?: string | undefined;
  /** True where all that comes is ASCII and comes by the hundred thousand: sockets without TLS read into one buffer. */
  readonly lean?: boolean | undefined;
}

const CONNECT_MS = 10_000;
/** ms between our end of the stream and that of the connection. */
const END_MS = 1000;
const nothing = () => undefined;
/** Every lean socket reads into this: what it holds is taken out before the next read. */
const LEAN_BUFFER = Buffer.allocUnsafe(256 * 1024);

/** RFC 6120 over TCP. @throws Error where it cannot connect */
export async function overTcp(place: TcpPlace): Promise<Carrier> {
  const carrier = new TcpCarrier(place);
  await carrier.connected;
  return carrier;
}

class TcpCarrier implements Carrier {
  readonly framed = false;
  onText: (text: string) => void = nothing;
  onClose: (reason: string) => void = nothing;
  readonly connected: Promise<unknown>;
  readonly #place: TcpPlace;
  #socket: Socket;

  constructor(place: TcpPlace) {
    this.#place = place;
    const { host, port, from, lean, direct } = place;
    const onread = {
      buffer: LEAN_BUFFER,
      callback: (length: number, buffer: Uint8Array) => {
        this.onText((buffer as Buffer).toString("latin1", 0, length));
        return true;
      },
    };
    const reading = lean === true && direct !== true;
    const socket = connect({
      host,
      port,
      noDelay: true,
      ...(from === undefined ? {} : { localAddress: from }),
      ...(reading ? { onread } : {}),
    });
    this.#socket = socket;
    const tooLate = () => socket.destroy(new Error(`no connection within ${CONNECT_MS / 1000} s`));
    const late = lastingClock.setTimeout(tooLate, CONNECT_MS);
    socket.once("close", () => lastingClock.clearTimeout(late));
    this.connected = once(socket, "connect").then(() => {
      lastingClock.clearTimeout(late);
      if (direct === true) return this.secure();
      return this.#listen(reading);
    });
  }

  get localPort(): number | undefined {
    return this.#socket.localPort;
  }

  write(text: string): void {
    if (!this.#socket.destroyed) this.#socket.write(text, this.#place.lean === true ? "latin1" : "utf8");
  }

  async secure(): Promise<void> {
    const { domain, authority } = this.#place;
    const plain = this.#socket;
    plain.removeAllListeners("data").removeAllListeners("error").removeAllListeners("close");
    const trust: ConnectionOptions =
      authority === "any" ? { rejectUnauthorized: false } : authority === undefined ? {} : { ca: [authority] };
    const secured = connectTls({ socket: plain, servername: domain, ...trust, ALPNProtocols: ["xmpp-client"] });
    this.#socket = secured;
    await once(secured, "secureConnect");
    this.#listen(false);
  }

  bindingData(binding: string): Buffer {
    if (!(this.#socket instanceof TLSSocket)) throw new Error("channel binding needs TLS");
    return channelBinding(this.#socket, binding);
  }

  end(): void {
    this.#socket.end();
    systemClock.setTimeout(() => this.#socket.destroy(), END_MS);
  }

  drop(): void {
    this.#socket.destroy();
  }

  #listen(reading: boolean): void {
    const socket = this.#socket;
    if (!reading) {
      socket.setEncoding(this.#place.lean === true ? "latin1" : "utf8");
      socket.on("data", (text) => this.onText(String(text)));
    }
    let reason = "the connection was closed";
    socket.on("error", (error) => {
      reason = error.message;
    });
    socket.once("close", () => this.onClose(reason));
  }
}
