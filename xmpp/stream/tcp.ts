// Transport over TCP, with or without TLS.
import type { Socket } from "node:net";
import { connect, TLSSocket } from "node:tls";
import { onFirstBytes } from "./first-bytes.ts";
import { flushLater } from "./gather.ts";
import type { TlsFacts, TlsUpgrade, Transport, TransportEvents } from "./transport.ts";
import { Utf8Decoder } from "./utf8.ts";

/** Text gathered beyond this many characters leaves at once rather than at the end of the turn. */
const GATHER_LIMIT = 65_536;

/** ms of silence after which the kernel asks whether the peer is still there: half-open connections end. RFC 6120 §4.6.1. */
export const KEEP_ALIVE = 60_000;

/** A TCP connection as a transport; give it a `TLSSocket` for direct TLS. */
export class TcpTransport implements Transport {
  readonly kind = "tcp";
  readonly framed = false;
  readonly remoteAddress: string;

  private socket: Socket;
  private events: TransportEvents | undefined;
  private decoder = new Utf8Decoder();
  private pending = "";
  private scheduled = false;
  private over = false;
  /** TLS is to begin: nothing more goes in clear, not even a stream error. RFC 6120 §5.4.3.2. */
  private silent = false;
  private failure: Error | undefined;

  constructor(socket: Socket, remoteAddress: string = socket.remoteAddress ?? "") {
    this.socket = socket;
    this.remoteAddress = remoteAddress;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE);
    socket.on("error", this.onError);
  }

  get encrypted(): boolean {
    return this.socket instanceof TLSSocket;
  }

  get tls(): TlsFacts | undefined {
    const { socket } = this;
    if (!(socket instanceof TLSSocket)) return undefined;
    return {
      protocol: socket.getProtocol() ?? "",
      cipher: socket.getCipher()?.name ?? "",
      alpn: socket.alpnProtocol === false || socket.alpnProtocol === null ? undefined : socket.alpnProtocol,
      servername: (socket as TLSSocket & { servername?: string | false }).servername || undefined,
      socket,
    };
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
    plain.on("error", () => {});
    this.decoder = new Utf8Decoder();
    if (side === "client") return this.secure(clientSide(plain, options));
    this.silent = true;
    return new Promise((resolve, reject) => {
      const gone = () => {
        plain.destroy();
        reject(new Error("connection closed before the TLS handshake"));
        this.onClose();
      };
      const begin = () => {
        this.silent = false;
        this.secure(serverSide(plain, options)).then(resolve, reject);
      };
      onFirstBytes(plain, begin, gone);
    });
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

  private listen(): void {
    const { socket } = this;
    socket.on("data", this.onData);
    socket.on("drain", this.onDrain);
    socket.on("close", this.onClose);
  }

  private readonly onData = (chunk: Buffer): void => {
    const text = this.decoder.decode(chunk);
    if (text === undefined) this.events?.malformed("unsupported-encoding", "the bytes are not UTF-8");
    else this.events?.text(text, chunk.length);
  };

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
    this.events?.closed(this.failure);
  };
}

function serverSide(plain: Socket, options: TlsUpgrade): TLSSocket {
  return new TLSSocket(plain, {
    isServer: true,
    secureContext: options.context,
    requestCert: options.requestCert ?? false,
    rejectUnauthorized: false,
    ...(options.alpn === undefined ? {} : { ALPNProtocols: [...options.alpn] }),
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
    ...(options.alpn === undefined ? {} : { ALPNProtocols: [...options.alpn] }),
  });
}
