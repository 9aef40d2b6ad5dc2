// Transport over TCP, with or without TLS.
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { systemClock, type Timer } from "../clock.ts";
import { PeerAlert, RecordFault } from "../tls/alert.ts";
import { handshake } from "../tls/handshake.ts";
import { proofOf, type TlsProof } from "../tls/proof.ts";
import type { RecordLayer } from "../tls/record-layer.ts";
import { onFirstBytes } from "./first-bytes.ts";
import { flushLater } from "./gather.ts";
import { type RecordReader, RecordReading } from "./record-reading.ts";
import { clientSide, serverSide } from "./tls-sides.ts";
import type { TlsFacts, TlsUpgrade, Transport, TransportEvents } from "./transport.ts";
import { Utf8Decoder } from "./utf8.ts";

/** Text gathered beyond this many characters leaves at once rather than at the end of the turn. */
const GATHER_LIMIT = 65_536;

/** ms of silence after which the kernel asks whether the peer is still there: half-open connections end. RFC 6120 §4.6.1. */
export const KEEP_ALIVE = 60_000;

/** ms that what is written has to leave once the peer sends no more: real time, since it guards a socket. */
export const LAST_WRITES = 5_000;

/** What a TCP connection is taken over with. */
export interface TcpOptions {
  /** Peer's address. Default: the socket's. */
  readonly remoteAddress?: string | undefined;
  /** Server side: TLS 1.3 goes on in records of our own once OpenSSL made the handshake (decision 0030). Default: false. */
  readonly ownRecords?: boolean;
}

/** A TCP connection as a transport; a `TLSSocket` may be given as well. */
export class TcpTransport implements Transport, RecordReader {
  readonly kind = "tcp";
  readonly framed = false;
  readonly remoteAddress: string;

  private readonly ownRecords: boolean;
  private socket: Socket;
  /** TLS on the socket where that is not a `TLSSocket` itself. */
  private records: RecordLayer | undefined;
  private reader: RecordReading | undefined;
  private proof: TlsProof | undefined;
  private events: TransportEvents | undefined;
  private decoder = new Utf8Decoder();
  private pending = "";
  private scheduled = false;
  /** `closed` was told: nothing is taken any more. */
  private over = false;
  private deadline: Timer | undefined;
  /** TLS is to begin, and nothing more goes in clear, not even a stream error (RFC 6120 §5.4.3.2); or our side is closed. */
  private silent = false;
  private failure: Error | undefined;

  constructor(socket: Socket, { remoteAddress = socket.remoteAddress, ownRecords = false }: TcpOptions = {}) {
    this.socket = socket;
    this.remoteAddress = remoteAddress ?? "";
    this.ownRecords = ownRecords;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE);
    socket.on("error", this.onError);
    // Reset before it was accepted: nobody is there, and its end may never be told.
    if (remoteAddress === undefined && !socket.connecting) socket.destroy();
  }

  get encrypted(): boolean {
    return this.records !== undefined || this.socket instanceof TLSSocket;
  }

  get tls(): TlsFacts | undefined {
    const { socket, proof } = this;
    if (proof !== undefined) return { proof, socket: undefined };
    return socket instanceof TLSSocket ? { proof: proofOf(socket), socket } : undefined;
  }

  get backlog(): number {
    return this.pending.length + this.socket.writableLength;
  }

  attach(events: TransportEvents): void {
    this.events = events;
    this.listen();
  }

  write(text: string): void {
    if (this.over || this.silent) return;
    this.pending += text;
    if (this.pending.length >= GATHER_LIMIT) this.flush();
    else if (!this.scheduled) {
      this.scheduled = true;
      flushLater(this);
    }
  }

  /** Hands what is gathered to the socket. */
  flush(): void {
    this.scheduled = false;
    if (this.pending === "" || this.over) return;
    const text = this.pending;
    this.pending = "";
    if (this.records !== undefined) return void this.socket.write(this.records.seal(text));
    // What has to wait is counted in bytes, and outside the heap; what leaves at once is not copied for that.
    this.socket.write(this.socket.writableLength === 0 ? text : Buffer.from(text));
  }

  pause(): void {
    (this.reader ?? this.socket).pause();
  }

  resume(): void {
    (this.reader ?? this.socket).resume();
  }

  end(): void {
    this.flush();
    if (this.records !== undefined && !this.silent && !this.over) this.socket.write(this.records.alert("close_notify"));
    this.silent = true;
    this.reader?.end();
    this.socket.end();
  }

  destroy(): void {
    this.pending = "";
    this.socket.destroy();
  }

  startTls(side: "server" | "client", options: TlsUpgrade): Promise<void> {
    this.flush();
    const plain = this.socket;
    // Anything sent in the clear behind the request is dropped with the decoder, not carried into TLS.
    plain.removeAllListeners("data");
    plain.off("close", this.onClose).off("drain", this.onDrain).off("error", this.onError).off("end", this.onEnd);
    plain.on("error", ignore);
    this.decoder = new Utf8Decoder();
    if (side === "client") return this.secure(clientSide(plain, options));
    this.silent = true;
    return new Promise((resolve, reject) => {
      const gone = () => {
        plain.destroy();
        reject(new Error("connection closed before the TLS handshake"));
        this.onClose();
      };
      const begin = () => void this.accept(plain, options).then(resolve, reject);
      onFirstBytes(plain, begin, gone);
    });
  }

  /** Server side of a handshake. @throws Error (rejects) where it fails */
  private async accept(plain: Socket, options: TlsUpgrade): Promise<void> {
    if (!this.ownRecords) {
      this.silent = false;
      return this.secure(serverSide(plain, options));
    }
    try {
      const secured = await handshake(plain, (below) => serverSide(below, options));
      if ("socket" in secured) this.socket = secured.socket;
      else {
        this.records = secured.records;
        this.reader = new RecordReading(secured.records, plain, this);
        this.proof = secured.proof;
        plain.off("error", ignore);
      }
    } catch (error) {
      this.onError(error as Error);
      this.onClose();
      throw error;
    }
    this.silent = false;
    this.socket.on("error", this.onError);
    this.listen();
  }

  /** Resolves once the handshake is done. @throws Error where it fails */
  private secure(secured: TLSSocket): Promise<void> {
    this.socket = secured;
    secured.on("error", this.onError);
    return new Promise((resolve, reject) => {
      const done = () => {
        secured.off("close", failed);
        this.listen();
        resolve();
      };
      const failed = () => {
        reject(this.failure ?? new Error("connection closed during the TLS handshake"));
        this.onClose();
      };
      secured.once("secure", done);
      secured.once("close", failed);
    });
  }

  /** Nothing is read before somebody is there to be told. */
  private listen(): void {
    const { socket } = this;
    socket.on("close", this.onClose);
    if (this.events === undefined) return;
    socket.on("data", this.onData);
    socket.on("drain", this.onDrain);
    // Before Node's own, which takes no more writes from there on.
    socket.prependListener("end", this.onEnd);
    // Paused for a handshake, it does not begin by itself.
    socket.resume();
  }

  private readonly onData = (chunk: Buffer): void => {
    if (this.reader === undefined) this.take(chunk, chunk.length);
    else this.reader.read(chunk);
  };

  private take(bytes: Buffer, cost: number): void {
    const text = this.decoder.decode(bytes);
    if (text === undefined) this.events?.malformed("unsupported-encoding", "the bytes are not UTF-8");
    else this.events?.text(text, cost);
  }

  reading(): void {
    this.events?.reading();
  }

  opened(cost: number): void {
    this.events?.deciphered(cost);
  }

  content(bytes: Buffer): void {
    this.take(bytes, 0);
  }

  private readonly onEnd = (): void => {
    if (this.reader === undefined) this.closedByPeer();
    else this.reader.atEnd();
  };

  /** TLS is broken: nothing more is read or written but why. RFC 8446 §6.2. */
  broken(error: unknown): void {
    if (!(error instanceof RecordFault || error instanceof PeerAlert)) throw error;
    this.failure ??= error;
    this.pending = "";
    if (error instanceof RecordFault && !this.silent)
      this.socket.write((this.records as RecordLayer).alert(error.alert));
    this.socket.destroy();
    this.tellClosed();
  }

  /**
   * The peer sends no more, by `close_notify` (RFC 8446 §6.1) or TCP's own end. What is written already has a while to
   * leave; the stream is told at once, since nobody would answer for what it wrote from here on.
   */
  closedByPeer(): void {
    if (this.over) return;
    const { socket } = this;
    socket.off("data", this.onData).resume();
    this.end();
    socket.destroySoon();
    if (!socket.destroyed) this.deadline = systemClock.setTimeout(() => socket.destroy(), LAST_WRITES);
    this.tellClosed();
  }

  private readonly onDrain = (): void => {
    if (!this.over) this.events?.drained();
  };

  private readonly onError = (error: Error): void => {
    this.failure ??= error;
  };

  private readonly onClose = (): void => {
    systemClock.clearTimeout(this.deadline);
    this.tellClosed();
  };

  private tellClosed(): void {
    if (this.over) return;
    this.over = true;
    this.pending = "";
    this.records?.wipe();
    this.events?.closed(this.failure);
  }
}

function ignore(): void {}
