// The port between a stream and the wire it runs on: TCP, TLS or WebSocket.
import type { SecureContext, TLSSocket } from "node:tls";
import type { TlsProof } from "../tls/proof.ts";

/** What a transport tells its stream. Text is decoded, valid UTF-8 without NUL. */
export interface TransportEvents {
  /** Text in the order it came; it may end anywhere on TCP, and is one whole frame on WebSocket. */
  text(text: string, bytes: number): void;
  /** Bytes that came beside the text: frames' heads, pings, fragments of nothing. They count as well. */
  overhead(bytes: number): void;
  /** What has to be deciphered is read from here on: the time until `deciphered` is spent on it. */
  reading(): void;
  /** That was done, and costs so many bytes; what is in it is told as text that costs nothing more. */
  deciphered(cost: number): void;
  /** The bytes were not UTF-8, or a frame was larger than allowed. */
  malformed(condition: "bad-format" | "policy-violation" | "unsupported-encoding", text: string): void;
  /**
   * The peer sends no more, or the connection broke. Comes exactly once, last, and as soon as that is known: a transport
   * takes nothing from there on, and what it took before has a bounded time to leave.
   */
  closed(error?: Error): void;
  /** What was buffered for writing has been taken by the kernel. */
  drained(): void;
}

/** TLS of an encrypted transport. */
export interface TlsFacts {
  readonly proof: TlsProof;
  /** Node's own socket; undefined where the records are ours. */
  readonly socket: TLSSocket | undefined;
}

/** One connection. Writes are gathered and leave in one call at the end of the event-loop turn. */
export interface Transport {
  readonly kind: "tcp" | "websocket" | "bosh";
  /** True on RFC 7395 framing: `<open/>` and `<close/>`, and every element declares its namespace. */
  readonly framed: boolean;
  /** True once TLS protects the connection (or the front end that terminates it says so). */
  readonly encrypted: boolean;
  /** Peer's address, without port; from the PROXY header where one came. */
  readonly remoteAddress: string;
  readonly tls: TlsFacts | undefined;
  /** Bytes written and not yet taken by the kernel. */
  readonly backlog: number;
  attach(events: TransportEvents): void;
  write(text: string): void;
  /** Offers what is gathered to the kernel now. */
  flush(): void;
  /** Stops reading (back-pressure) until `resume`. */
  pause(): void;
  resume(): void;
  /** Sends what is gathered, then half-closes. */
  end(): void;
  /** Drops the connection now. */
  destroy(): void;
  /**
   * Turns the TCP connection into TLS after the gathered text left; resolves when the handshake is done.
   * `server` gives the side; `options` are node:tls options.
   */
  startTls(side: "server" | "client", options: TlsUpgrade): Promise<void>;
}

/** Options of a STARTTLS upgrade, for either side. */
export interface TlsUpgrade {
  readonly context: SecureContext;
  /** Server side: ask for, but do not require, the peer's certificate. */
  readonly requestCert?: boolean;
  /** Server side: the context for a name, called with SNI. */
  readonly sni?: (servername: string) => SecureContext | undefined;
  /** Client side: name sent as SNI. */
  readonly servername?: string;
  /** Server side: the one protocol that is spoken, where a client names any. XEP-0368 §3. */
  readonly alpn?: string;
}
