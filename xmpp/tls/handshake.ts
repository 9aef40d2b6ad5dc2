// A TLS handshake that OpenSSL makes and leaves: what follows it needs keys and numbers alone. RFC 8446 §4, decision 0030.
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { RecordFault } from "./alert.ts";
import { keptProof, type TlsProof } from "./proof.ts";
import { APPLICATION_DATA, HANDSHAKE, HEADER_BYTES, type Opened, open } from "./protection.ts";
import { RecordLayer } from "./record-layer.ts";
import { suiteOf } from "./suites.ts";
import { TrafficKeys } from "./traffic-keys.ts";

/** What a handshake leads to. */
export type Secured =
  /** Records of our own on the raw socket, which is paused: what came behind the handshake is there to be read. */
  | { readonly records: RecordLayer; readonly proof: TlsProof }
  /** OpenSSL goes on: TLS 1.2, or whatever is not as it is known here. */
  | { readonly socket: TLSSocket };

/** Type of a ticket for resumption, all that a server sends of itself behind its handshake. RFC 8446 §4.6.1. */
const NEW_SESSION_TICKET = 4;

/**
 * Makes the handshake on `raw` by the TLS socket (server side) that `above` puts on a stream. @throws Error (rejects)
 * where it fails; `raw` is destroyed then.
 */
export function handshake(raw: Socket, above: (below: Duplex) => TLSSocket): Promise<Secured> {
  return new Promise((resolve, reject) => new Handshake(raw, above, { resolve, reject }));
}

/** Who waits for a handshake. */
interface Waiting {
  resolve(secured: Secured): void;
  reject(error: Error): void;
}

/** One handshake. OpenSSL is fed one record after the other, so that what is behind the last of them stays ours. */
class Handshake {
  private readonly raw: Socket;
  private readonly below: Duplex;
  private readonly secured: TLSSocket;
  private readonly waiting: Waiting;
  private readonly secrets = new Map<string, Buffer>();
  /** Bytes that came and were not given to OpenSSL yet. */
  private came: Buffer = Buffer.alloc(0);
  /** What OpenSSL wrote for the handshake. */
  private written: Buffer[] = [];
  /** What it wrote once that was complete, not sent yet; undefined before. */
  private tickets: Buffer[] | undefined;
  private state: "shaking" | "passing" | "left" = "shaking";

  constructor(raw: Socket, above: (below: Duplex) => TLSSocket, waiting: Waiting) {
    this.raw = raw;
    this.waiting = waiting;
    this.below = new Duplex({
      allowHalfOpen: false,
      read: () => {
        if (this.state === "passing") raw.resume();
      },
      write: (chunk: Buffer, _encoding, done) => this.write(chunk, done),
      final: (done) => {
        if (this.state === "left") done();
        else raw.end(done);
      },
      destroy: (error, done) => {
        if (this.state === "passing") raw.destroy();
        done(error);
      },
    });
    this.secured = above(this.below);
    this.secured.on("keylog", this.onKeylog).once("secure", this.onSecure);
    this.secured.on("error", this.onFailed).on("close", this.onFailed);
    raw.on("data", this.onData).on("end", this.onEnd).on("error", this.onGone).on("close", this.onGone);
    // Node's TLS socket begins to read in the next tick: what is given to it before would be read late.
    setImmediate(() => (raw.destroyed ? this.onFailed() : raw.resume()));
  }

  private readonly onData = (chunk: Buffer): void => {
    if (this.state === "passing") {
      if (!this.below.push(chunk)) this.raw.pause();
      return;
    }
    this.came = this.came.length === 0 ? chunk : Buffer.concat([this.came, chunk]);
    this.feed();
  };

  /** Gives OpenSSL what came, record by record, up to the one that completes the handshake. */
  private readonly feed = (): void => {
    while (this.state === "shaking" && !this.below.destroyed) {
      if (this.tickets !== undefined) return this.complete(this.tickets);
      // Not taken at once: then whether it completes the handshake is not known yet either.
      if (this.below.readableLength > 0) return void setImmediate(this.feed);
      // What is no record is OpenSSL's to refuse, with whatever follows.
      const record = isRecord(this.came) ? firstRecord(this.came) : this.came;
      if (record === undefined || record.length === 0) return;
      this.came = this.came.subarray(record.length);
      this.below.push(record);
    }
  };

  private write(chunk: Buffer, done: (error?: Error | null) => void): void {
    if (this.state === "passing") {
      this.raw.write(chunk, done);
      return;
    }
    // Whatever OpenSSL still says once we took over must not be sent: its numbers are ours.
    if (this.state === "shaking" && this.tickets !== undefined) this.tickets.push(chunk);
    else if (this.state === "shaking") {
      this.written.push(chunk);
      this.raw.write(chunk);
    }
    done();
  }

  private readonly onKeylog = (line: Buffer): void => {
    const [label = "", , secret = ""] = line.toString("latin1").trim().split(" ");
    line.fill(0);
    if (label.endsWith("_TRAFFIC_SECRET_0")) this.secrets.set(label, Buffer.from(secret, "hex"));
  };

  /** Told from within OpenSSL, which has its tickets still to write. */
  private readonly onSecure = (): void => {
    this.tickets = [];
  };

  private readonly onEnd = (): void => {
    if (this.state === "passing") this.below.push(null);
    else this.onFailed();
  };

  private readonly onGone = (error?: Error | boolean): void => {
    if (this.state === "passing") this.below.destroy(error instanceof Error ? error : undefined);
    else this.onFailed(error);
  };

  /** Whoever tells first of the end: the connection, or OpenSSL, whose alert is written by then. */
  private readonly onFailed = (error?: Error | boolean): void => {
    if (this.state !== "shaking") return;
    this.letGo();
    this.raw.on("error", ignore).destroy();
    this.waiting.reject(error instanceof Error ? error : new Error("connection closed during the TLS handshake"));
    this.forget();
  };

  /** Ends OpenSSL's side without a word to the connection. */
  private letGo(): void {
    const { raw, secured } = this;
    this.state = "left";
    raw.off("data", this.onData).off("end", this.onEnd).off("error", this.onGone).off("close", this.onGone);
    secured.off("error", this.onFailed).off("close", this.onFailed).on("error", ignore).destroy();
  }

  private complete(written: readonly Buffer[]): void {
    const tickets = Buffer.concat(written);
    const records = this.recordsBehind(tickets);
    if (records === undefined) this.pass(tickets);
    else this.leave(tickets, records);
    this.forget();
  }

  /** OpenSSL goes on, and is given all that comes. */
  private pass(written: Buffer): void {
    this.state = "passing";
    this.secured.off("error", this.onFailed).off("close", this.onFailed);
    if (written.length > 0) this.raw.write(written);
    if (this.came.length > 0 && !this.below.push(this.came)) this.raw.pause();
    this.waiting.resolve({ socket: this.secured });
  }

  /** OpenSSL is let go, and is heard no more. */
  private leave(tickets: Buffer, records: RecordLayer): void {
    const { raw } = this;
    const proof = keptProof(this.secured);
    this.letGo();
    raw.pause();
    if (tickets.length > 0) raw.write(tickets);
    if (this.came.length > 0) raw.unshift(this.came);
    this.waiting.resolve({ records, proof });
  }

  /**
   * Our own records from here on; undefined where anything is not as it has to be. Reading begins at number 0, since
   * nothing behind the client's Finished was given to OpenSSL. Writing goes on behind what OpenSSL wrote under the same
   * keys: a number that is used twice gives the key away (RFC 8446 §5.3), so that it is not supposed but tried on the
   * records themselves.
   */
  private recordsBehind(tickets: Buffer): RecordLayer | undefined {
    const suite = this.secured.getProtocol() === "TLSv1.3" ? suiteOf(this.secured.getCipher().standardName) : undefined;
    const [client, server] = ["CLIENT", "SERVER"].map((side) => this.secrets.get(`${side}_TRAFFIC_SECRET_0`));
    if (suite === undefined || client === undefined || server === undefined) return undefined;
    const sending = new TrafficKeys(suite, server);
    const known = tickets.length > 0 ? areTickets(tickets, sending) : areOfOthers(Buffer.concat(this.written), sending);
    return known ? new RecordLayer(new TrafficKeys(suite, client), sending) : undefined;
  }

  private forget(): void {
    for (const secret of this.secrets.values()) secret.fill(0);
    this.secrets.clear();
    this.came = Buffer.alloc(0);
    this.written = [];
    this.secured.off("keylog", this.onKeylog).off("secure", this.onSecure);
  }
}

function ignore(): void {}

/** Types of records before and during a handshake: from change_cipher_spec to application data. RFC 8446 §5.1. */
const [FIRST_TYPE, LAST_TYPE] = [20, 23] as const;
/** Most bytes behind the header of a record of any version. RFC 5246 §6.2.3. */
const MOST_OF_ANY_VERSION = 2 ** 14 + 2048;

/** True where what is there of `bytes` may be the beginning of a record. */
function isRecord(bytes: Buffer): boolean {
  const [type = FIRST_TYPE] = bytes;
  if (type < FIRST_TYPE || type > LAST_TYPE) return false;
  return bytes.length < HEADER_BYTES || bytes.readUInt16BE(HEADER_BYTES - 2) <= MOST_OF_ANY_VERSION;
}

/** The first record of `bytes`, or undefined where it is not whole. */
function firstRecord(bytes: Buffer): Buffer | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const end = HEADER_BYTES + bytes.readUInt16BE(HEADER_BYTES - 2);
  return end <= bytes.length ? bytes.subarray(0, end) : undefined;
}

/** True where `bytes` are whole records of these keys from their first one on, all of them tickets. */
function areTickets(bytes: Buffer, keys: TrafficKeys): boolean {
  return every(bytes, (record) => {
    const opened = opens(record, keys);
    return opened?.type === HANDSHAKE && opened.content[0] === NEW_SESSION_TICKET;
  });
}

/** True where `bytes` are whole records, and none is the first one of these keys: then there was none of them. */
function areOfOthers(bytes: Buffer, keys: TrafficKeys): boolean {
  return every(bytes, (record) => {
    const opened = record[0] === APPLICATION_DATA ? opens(record, keys) : undefined;
    keys.sequence = 0;
    return opened === undefined;
  });
}

function every(bytes: Buffer, holds: (record: Buffer) => boolean): boolean {
  for (let rest = bytes; rest.length > 0; ) {
    const record = firstRecord(rest);
    if (record === undefined || !holds(record)) return false;
    rest = rest.subarray(record.length);
  }
  return true;
}

function opens(record: Buffer, keys: TrafficKeys): Opened | undefined {
  try {
    return open(keys, record, 0, record.length);
  } catch (error) {
    if (error instanceof RecordFault) return undefined;
    throw error;
  }
}
