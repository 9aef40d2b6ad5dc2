// Transport over TCP, with or without TLS.
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect, TLSSocket } from "node:tls";
import { PeerAlert, RecordFault } from "../tls/alert.ts";
import { handshake } from "../tls/handshake.ts";
import { proofOf, type TlsProof } from "../tls/proof.ts";
import type { RecordEvents, RecordLayer } from "../tls/record-layer.ts";
import { onFirstBytes } from "./first-bytes.ts";
import { flushLater } from "./gather.ts";
import type { TlsFacts, TlsUpgrade, Transport, TransportEvents } from "./transport.ts";
import { Utf8Decoder } from "./utf8.ts";

/** Text gathered beyond this many characters leaves at once rather than at the end of the turn. */
const GATHER_LIMIT = 65_536;

/** ms of silence after which the kernel asks whether the peer is still there: half-open connections end. RFC 6120 §4.6.1. */
export const KEEP_ALIVE = 60_000;

/** Bytes whose reading costs about as much as keys that a peer has changed. */
const KEY_UPDATE_COST = 4_096;

/** What a TCP connection is taken over with. */
export interface TcpOptions {
  /** Peer's address. Default: the socket's. */
  readonly remoteAddress?: string | undefined;
  /** Server side: TLS 1.3 goes on in records of our own once OpenSSL made the handshake (decision 0030). Default: false. */
  readonly ownRecords?: boolean;
}

/** A TCP connection as a transport; a `TLSSocket` may be given as well. */
export class TcpTransport implements Transport, RecordEvents {
  readonly kind = "tcp";
  readonly framed = false;
  readonly remoteAddress: string;

  private readonly ownRecords: boolean;
  private socket: Socket;
  /** TLS on the socket where that is not a `TLSSocket` itself. */
  private records: RecordLayer | undefined;
  private proof: TlsProof | undefined;
  /** Bytes that came and were not told of yet. */
  private unpaid = 0;
  private events: TransportEvents | undefined;
  private decoder = new Utf8Decoder();
  private pending = "";
  private scheduled = false;
  private over = false;
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
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  end(): void {
    this.flush();
    if (this.records !== undefined && !this.silent && !this.over) this.socket.write(this.records.alert("close_notify"));
    this.silent = true;
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
    plain.off("close", this.onClose).off("drain", this.onDrain).off("error", this.onError);
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
    // Paused for a handshake, it does not begin by itself.
    socket.resume();
  }

  private readonly onData = (chunk: Buffer): void => {
    if (this.records === undefined) this.take(chunk, chunk.length);
    else this.open(this.records, chunk);
  };

  private take(bytes: Buffer, cost: number): void {
    const text = this.decoder.decode(bytes);
    if (text === undefined) this.events?.malformed("unsupported-encoding", "the bytes are not UTF-8");
    else this.events?.text(text, cost);
  }

  /** What came in records costs what came, headers, tags and padding too: told with the first text of it, or without. */
  private open(records: RecordLayer, chunk: Buffer): void {
    this.unpaid = chunk.length;
    try {
      if (records.receive(chunk, this)) this.closedByPeer();
    } catch (error) {
      if (error instanceof RecordFault) this.breakOff(error, records.alert(error.alert));
      else if (error instanceof PeerAlert) this.breakOff(error);
      else throw error;
    }
    if (this.unpaid > 0) this.events?.overhead(this.unpaid);
  }

  content(bytes: Buffer): boolean {
    const cost = this.unpaid;
    this.unpaid = 0;
    this.take(bytes, cost);
    return !this.socket.destroyed;
  }

  peerUpdatedKeys(): void {
    this.events?.overhead(KEY_UPDATE_COST);
  }

  /** The peer sends no more: as with a TCP connection that it has closed, what is written still goes. RFC 8446 §6.1. */
  private closedByPeer(): void {
    this.socket.off("data", this.onData).resume();
    this.end();
    this.socket.destroySoon();
  }

  /** TLS is broken: nothing more is read or written but why. RFC 8446 §6.2. */
  private breakOff(error: Error, alert?: Buffer): void {
    this.failure ??= error;
    this.pending = "";
    if (alert !== undefined && !this.silent) this.socket.write(alert);
    this.silent = true;
    this.socket.destroy();
  }

  private readonly onDrain = (): void => {
    this.events?.drained();
  };

  private readonly onError = (error: Error): void => {
    this.failure ??= error;
  };

  private readonly onClose = (): void => {
    if (this.over) return;
    this.over = true;
    this.pending = "";
    this.records?.wipe();
    this.events?.closed(this.failure);
  };
}

function ignore(): void {}

function serverSide(plain: Socket | Duplex, options: TlsUpgrade): TLSSocket {
  const { alpn } = options;
  return new TLSSocket(plain, {
    isServer: true,
    secureContext: options.context,
    requestCert: options.requestCert ?? false,
    rejectUnauthorized: false,
    // A list would be copied for each connection, and kept with it.
    ...(alpn === undefined ? {} : { ALPNCallback: ({ protocols }) => (protocols.includes(alpn) ? alpn : undefined) }),
    SNICallback: (servername, callback) => callback(null, options.sni?.(servername) ?? options.context),
  });
}

function clientSide(plain: Socket, options: TlsUpgrade): TLSSocket {
  return connect({
    socket: plain,
    secureContext: options.context,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ...(options.servername === undefined ? {} : { servername: options.servername }),
  });
}
