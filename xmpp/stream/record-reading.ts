// Reads the records of one TLS connection: so many in a turn, none while it is paused, each for what it costs.
import type { Socket } from "node:net";
import type { RecordEvents, RecordLayer } from "../tls/record-layer.ts";

/**
 * Records of one connection that are opened in one turn of the event loop: some ms of it, by count and not by the clock.
 * Of what one connection sends at once, the kernel and libuv hand on 2 MiB in a turn, which are 100,000 small ones.
 */
export const RECORDS_A_TURN = 256;

/** Bytes whose reading costs about as much as to open the smallest record. */
export const LEAST_COST = 512;

/** Records whose opening costs about as much as keys that a peer has changed. */
export const KEY_UPDATE_RECORDS = 8;

const NOTHING = Buffer.alloc(0);

/** Who reads the connection. */
export interface RecordReader {
  /** Records are opened from here on: whose time it is. */
  reading(): void;
  /** So much was read, in bytes of cost, and the time up to here spent on it. */
  opened(cost: number): void;
  /** Content, in the order it came. */
  content(bytes: Buffer): void;
  /** The peer said that it sends no more. */
  closedByPeer(): void;
  /** RecordFault, PeerAlert, or a fault of ours. */
  broken(error: unknown): void;
}

let turn = 0;
let counting = false;

/** Number of this turn of the event loop; one for all connections, told by one immediate. */
function thisTurn(): number {
  if (!counting) {
    counting = true;
    setImmediate(() => {
      counting = false;
      turn += 1;
    });
  }
  return turn;
}

/** The reading side of a connection whose records are ours. */
export class RecordReading implements RecordEvents {
  private readonly layer: RecordLayer;
  private readonly socket: Socket;
  private readonly reader: RecordReader;
  private paused = false;
  /** Within `read`, which goes on by itself. */
  private busy = false;
  /** To go on in the next turn. */
  private scheduled = false;
  /** Our side is closed: nothing is wanted of the peer but its end, and what it sends is charged to nobody. */
  private ending = false;
  /** TCP's end came, behind what waits here. */
  private ended = false;
  private turn = -1;
  private left = 0;

  constructor(layer: RecordLayer, socket: Socket, reader: RecordReader) {
    this.layer = layer;
    this.socket = socket;
    this.reader = reader;
    // The end comes behind what waits here, of which Node knows nothing: what that asks for is still answered.
    socket.allowHalfOpen = true;
  }

  /** Opens what came and may be opened now. What is left stays, and the socket is paused. */
  read(chunk: Buffer): void {
    if (this.turn !== thisTurn() && !this.ending) this.left = RECORDS_A_TURN;
    this.turn = turn;
    this.busy = true;
    this.reader.reading();
    try {
      if (this.layer.receive(chunk, this)) return this.reader.closedByPeer();
      this.reader.opened(0);
    } catch (error) {
      return this.reader.broken(error);
    } finally {
      this.busy = false;
    }
    if (this.ended && !this.layer.waiting) this.reader.closedByPeer();
    else if (this.paused) this.socket.pause();
    else if (this.layer.waiting || this.left <= 0) this.rest();
    else this.socket.resume();
  }

  pause(): void {
    this.paused = true;
    this.socket.pause();
  }

  /** What waits is opened before more is read. */
  resume(): void {
    this.paused = false;
    if (this.busy || this.scheduled) return;
    if (this.layer.waiting) this.read(NOTHING);
    else this.socket.resume();
  }

  /** TCP's end came: it is told once nothing waits that came before it. */
  atEnd(): void {
    this.ended = true;
    if (this.ending || !this.layer.waiting) this.reader.closedByPeer();
  }

  /** Our side is closed: so many records more are opened, for the peer's `close_notify`, and then none. */
  end(): void {
    this.ending = true;
    this.left = RECORDS_A_TURN;
  }

  opened(bytes: number): void {
    this.left -= 1;
    this.reader.opened(Math.max(bytes, LEAST_COST));
  }

  content(bytes: Buffer): void {
    this.reader.content(bytes);
  }

  peerUpdatedKeys(): void {
    this.left -= KEY_UPDATE_RECORDS;
    this.reader.opened(KEY_UPDATE_RECORDS * LEAST_COST);
  }

  goesOn(): boolean {
    return this.left > 0 && !this.paused && !this.socket.destroyed;
  }

  /** The share of this turn is over: others have theirs. */
  private rest(): void {
    if (this.ending) {
      this.socket.removeAllListeners("data").resume();
      return;
    }
    this.socket.pause();
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      if (!this.paused) this.resume();
    });
  }
}
