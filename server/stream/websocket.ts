// Transport over WebSocket. RFC 7395.
import type { WebSocket } from "ws";
import type { TlsFacts, Transport, TransportEvents } from "./transport.ts";

/** Bytes waiting from which on it is told when a frame has left. */
const CONGESTED = 65_536;

/** A WebSocket connection as a transport. */
export class WebSocketTransport implements Transport {
  readonly kind = "websocket";
  readonly framed = true;
  readonly encrypted: boolean;
  readonly remoteAddress: string;
  readonly tls: TlsFacts | undefined = undefined;
  private readonly socket: WebSocket;
  private events: TransportEvents | undefined;
  private failure: Error | undefined;
  private over = false;

  /** `encrypted` is what is known of the connection below: TLS of ours, or a front end's. */
  constructor(socket: WebSocket, remoteAddress: string, encrypted: boolean) {
    this.socket = socket;
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
      else events.text(data.toString("utf8"), data.length);
    });
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
    this.socket.close(1000);
  }

  destroy(): void {
    this.socket.terminate();
  }

  startTls(): Promise<void> {
    return Promise.reject(new Error("TLS below WebSocket is not ours to start"));
  }
}
