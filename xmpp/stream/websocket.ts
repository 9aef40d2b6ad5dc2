// Transport over WebSocket. RFC 7395.
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import type { TlsFacts, Transport, TransportEvents } from "./transport.ts";

/** Bytes waiting from which on it is told when a frame has left. */
const CONGESTED = 65_536;

/** Close codes of frames that cannot be taken (RFC 6455 §7.4.1), as the stream's own errors. */
const REFUSED: Readonly<Record<number, readonly [Parameters<TransportEvents["malformed"]>[0], string]>> = {
  1002: ["bad-format", "not a WebSocket frame as it should be"],
  1007: ["unsupported-encoding", "the bytes are not UTF-8"],
  1009: ["policy-violation", "the frame is too large"],
};

/** A WebSocket that lets its stream say why before it closes for a frame it cannot take. */
export class StreamWebSocket extends WebSocket {
  /** Called once with the close code, while text can still be sent. */
  refusing: ((code: number) => void) | undefined;

  override close(code?: number, data?: string | Buffer): void {
    const tell = this.refusing;
    if (code !== undefined && code in REFUSED && tell !== undefined) {
      this.refusing = undefined;
      tell(code);
    }
    super.close(code, data);
  }
}

/** A WebSocket connection as a transport. */
export class WebSocketTransport implements Transport {
  readonly kind = "websocket";
  readonly framed = true;
  readonly encrypted: boolean;
  readonly remoteAddress: string;
  readonly tls: TlsFacts | undefined = undefined;
  private readonly socket: StreamWebSocket;
  private readonly raw: Duplex;
  private events: TransportEvents | undefined;
  private failure: Error | undefined;
  private over = false;
  private closeCode = 1000;

  /** `encrypted` is what is known of the connection below (`raw`): TLS of ours, or a front end's. */
  constructor(socket: StreamWebSocket, raw: Duplex, remoteAddress: string, encrypted: boolean) {
    this.socket = socket;
    this.raw = raw;
    this.remoteAddress = remoteAddress;
    this.encrypted = encrypted;
    socket.on("error", (error) => {
      this.failure ??= error;
    });
  }

  get backlog(): number {
    return this.socket.bufferedAmount;
  }

  attach(events: TransportEvents): void {
    this.events = events;
    this.socket.on("message", (data: Buffer, isBinary: boolean) => {
      if (isBinary) events.malformed("bad-format", "frames are text");
      // Its bytes have been counted as they came, with the frame around them.
      else events.text(data.toString("utf8"), 0);
    });
    // Before the frames in it are told, so that what is too much waits.
    this.raw.prependListener("data", (chunk: Buffer) => events.overhead(chunk.length));
    this.socket.refusing = (code) => {
      const why = REFUSED[code];
      this.closeCode = code;
      if (why !== undefined) events.malformed(...why);
    };
    this.socket.on("close", () => {
      if (this.over) return;
      this.over = true;
      this.events?.closed(this.failure);
    });
  }

  /** One call is one frame: RFC 7395 §3.3.3 wants each element in its own. */
  write(text: string): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    if (this.socket.bufferedAmount < CONGESTED) this.socket.send(text);
    else this.socket.send(text, () => this.events?.drained());
  }

  flush(): void {
    // Each frame is offered as it is written.
  }

  pause(): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.pause();
  }

  resume(): void {
    // While closing as well: the peer's own close frame is still to be read.
    if (this.socket.readyState !== this.socket.CONNECTING) this.socket.resume();
  }

  end(): void {
    this.socket.close(this.closeCode);
  }

  destroy(): void {
    this.socket.terminate();
  }

  startTls(): Promise<void> {
    return Promise.reject(new Error("TLS below WebSocket is not ours to start"));
  }
}
