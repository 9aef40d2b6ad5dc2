// One connection between two members: a proof first, then messages of the bus with their lengths, and signs of life.
import type { Socket } from "node:net";
import type { Clock, Timer } from "../../../xmpp/clock.ts";
import { Utf8Decoder } from "../../../xmpp/stream/utf8.ts";
import { AnsweringProof, AskingProof, PROOF_LIMIT } from "./proof.ts";
import { PROOF_TIMEOUT } from "./strangers.ts";

/** UTF-16 units of one message: more than a member may have unconfirmed. */
const MESSAGE_LIMIT = 192 * 1024 * 1024;
/** Digits of a length. */
const LENGTH_DIGITS = 9;
/** Bytes that may wait for a member which does not read: it has them by the wire then. */
const BACKLOG_LIMIT = 64 * 1024 * 1024;

/** What becomes of a connection. */
export interface LinkEvents {
  /** Both sides have proven who they are. */
  up(link: Link, member: string): void;
  text(member: string, text: string): void;
  /** It is over; `member` where it was up, or was to be. */
  closed(link: Link, member: string | undefined): void;
}

/** The listening side's part of the proof. */
export interface Answering {
  readonly key: Buffer;
  /** This member's name. */
  readonly self: string;
  /** Told once the other side is known to be a member. */
  readonly proven: () => void;
}

/** What a connection goes by. */
export interface LinkParts {
  /** The connecting side's, on a socket that is connected; or the listening one's. */
  readonly proof: AskingProof | Answering;
  readonly clock: Clock;
}

/** One connection. */
export class Link {
  /** The other member, once it has proven itself. */
  member: string | undefined;
  private readonly socket: Socket;
  private readonly events: LinkEvents;
  private readonly decoder = new Utf8Decoder();
  private readonly asking: AskingProof | undefined;
  private readonly answering: (Answering & { readonly proof: AnsweringProof; asked: boolean }) | undefined;
  private readonly clock: Clock;
  private readonly timer: Timer;
  private pieces: string[] = [];
  private units = 0;
  /** Units of the message that is coming; undefined before its length is known. */
  private wanted: number | undefined;
  private heard = true;
  private silent = 0;
  private over = false;

  constructor(socket: Socket, { proof, clock }: LinkParts, events: LinkEvents) {
    this.socket = socket;
    this.events = events;
    this.clock = clock;
    this.timer = clock.setTimeout(() => this.destroy(), PROOF_TIMEOUT);
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.read(chunk));
    socket.on("error", () => {});
    // Whoever leaves in order has said all it had to say.
    socket.on("end", () => socket.end());
    socket.on("close", () => this.closed());
    if (proof instanceof AskingProof) {
      this.asking = proof;
      socket.write(`${proof.first()}\n`);
    } else this.answering = { ...proof, proof: new AnsweringProof(proof.key), asked: false };
  }

  /** Sends a message; false where the connection takes no more. */
  send(text: string): boolean {
    if (this.over || this.member === undefined || this.socket.writableLength > BACKLOG_LIMIT) return false;
    const message = `${text.length}\n${text}`;
    // What has to wait waits outside the heap.
    this.socket.write(this.socket.writableLength === 0 ? message : Buffer.from(message));
    return true;
  }

  /** A sign of life; where the other side gave none for two beats the connection is over. */
  beat(): void {
    this.silent = this.heard ? 0 : this.silent + 1;
    this.heard = false;
    if (this.silent >= 2) this.destroy();
    else if (this.member !== undefined) this.socket.write("0\n");
  }

  /** Ends it once all is said; resolves once the other side has heard it, or is gone. */
  finish(): Promise<void> {
    return new Promise((resolve) => {
      if (this.over) return resolve();
      this.socket.on("close", () => resolve());
      this.socket.end();
    });
  }

  destroy(): void {
    this.socket.destroy();
  }

  private closed(): void {
    if (this.over) return;
    this.over = true;
    this.clock.clearTimeout(this.timer);
    this.events.closed(this, this.member ?? this.asking?.ends.to);
  }

  private read(chunk: Buffer): void {
    this.heard = true;
    const text = this.decoder.decode(chunk);
    if (text === undefined) return this.destroy();
    let rest = text;
    while (rest !== "" && !this.socket.destroyed)
      rest = this.wanted === undefined ? this.takeLine(rest) : this.takeText(rest);
  }

  /** Takes text up to the end of a line: of the proof, or the length of a message. */
  private takeLine(text: string): string {
    const end = text.indexOf("\n");
    const piece = end === -1 ? text : text.slice(0, end);
    this.pieces.push(piece);
    this.units += piece.length;
    if (this.units > (this.member === undefined ? PROOF_LIMIT : LENGTH_DIGITS)) this.destroy();
    else if (end !== -1) this.line(this.takePieces());
    return end === -1 ? "" : text.slice(end + 1);
  }

  private line(line: string): void {
    if (this.member === undefined) return this.prove(line);
    const units = Number(line);
    if (!Number.isInteger(units) || units < 0 || units > MESSAGE_LIMIT) return this.destroy();
    if (units > 0) this.wanted = units;
  }

  private takeText(text: string): string {
    const missing = (this.wanted as number) - this.units;
    const piece = text.length <= missing ? text : text.slice(0, missing);
    this.pieces.push(piece);
    this.units += piece.length;
    if (this.units === this.wanted) {
      this.wanted = undefined;
      this.events.text(this.member as string, this.takePieces());
    }
    return text.slice(piece.length);
  }

  private takePieces(): string {
    const all = this.pieces.length === 1 ? (this.pieces[0] as string) : this.pieces.join("");
    this.pieces = [];
    this.units = 0;
    return all;
  }

  private prove(line: string): void {
    const { asking, answering } = this;
    if (asking !== undefined) {
      const last = asking.last(line);
      if (last === undefined) return this.destroy();
      this.socket.write(`${last}\n`);
      return this.proven(asking.ends.to);
    }
    if (answering === undefined) return;
    if (answering.asked) {
      const from = answering.proof.proven(line);
      return from === undefined ? this.destroy() : this.proven(from);
    }
    answering.asked = true;
    const answer = answering.proof.answer(line, answering.self);
    if (answer === undefined) this.destroy();
    else this.socket.write(`${answer}\n`);
  }

  private proven(member: string): void {
    this.clock.clearTimeout(this.timer);
    this.answering?.proven();
    this.member = member;
    this.events.up(this, member);
  }
}
