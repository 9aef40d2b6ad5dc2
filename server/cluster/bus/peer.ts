// What one member exchanges with one other: numbered frames, in order, each until it is confirmed.

import type { Clock } from "../../../xmpp/clock.ts";
import type { BusFailure, Parcel } from "../../ports/cluster.ts";
import { Behind } from "./behind.ts";
import { eachOfRuns, encodeFrame, encodeNumbered, encodeRuns, type Frame } from "./frames.ts";
import { Outbox } from "./outbox.ts";

/** Frames, and characters of them, that one member may have unconfirmed; from a quarter on senders should pause. */
const FRAME_LIMIT = 20_000;
const SIZE_LIMIT = 64 * 1024 * 1024;

/** What a node takes, as its messages say: one stanza for many sessions; stanzas as text too. Older nodes say nothing. */
type Takes = number;
const GATHERED: Takes = 1;
const TEXT: Takes = 2;

/** Told of what a sender's own functions throw. */
export type OnError = (error: unknown) => void;

/**
 * One other member. Frames to it are numbered from 1; it takes them in order only, and asks again from where one is
 * missing. A frame waits here until the other side says that it is safe there.
 */
export class Peer {
  /** Tells this acquaintance from an earlier or later one of the same two members: numbers begin anew with each. */
  readonly generation: number;
  private theirGeneration = 0;
  private readonly waiting = new Outbox<Parcel>();
  /** Text that leaves at the end of the turn. */
  private outgoing = "";
  /** True where something leaves then, if only what is said of the other side's frames. */
  private due = false;
  /** True where the other side reads runs of numbers; older nodes do not. */
  private readsRuns = false;
  /** What it takes beside what the oldest nodes do. */
  private takes: Takes = 0;
  /** The last frame, while it may take others along: written once something else is said, or it leaves. */
  private open: Parcel | undefined;
  /** Oldest waiting frame at the last beat: if it still waits, the other side is asked. */
  private oldestAtBeat = 0;
  private expected = 1;
  /** Taken, and not yet said to be safe. */
  private unsafe = new Set<number>();
  private confirms: number[] = [];
  /** Taken, and given back; told until the other side has heard it. */
  private readonly refusals = new Set<number>();
  private refusalsToTell = false;
  private askedFor = 0;

  /** What came past the wire, and waits for the wire. */
  readonly behind: Behind<readonly Frame[]>;

  /** @param generation higher than that of any earlier peer of this process; `hear` takes what came past the wire */
  constructor(generation: number, hear: (frames: readonly Frame[]) => void, clock: Clock) {
    this.generation = generation;
    this.behind = new Behind(hear, clock);
  }

  get size(): number {
    return this.waiting.size;
  }

  /** Frames of the other side's that were taken, and that it does not know to be safe yet. */
  get owed(): number {
    return this.unsafe.size + this.confirms.length;
  }

  /** True where senders should pause. */
  get congested(): boolean {
    return this.waiting.size >= FRAME_LIMIT / 4 || this.waiting.weight >= SIZE_LIMIT / 4;
  }

  /** Numbers a frame, keeps it and lets it leave with the next message; false where too much waits. */
  add(parcel: Parcel): boolean {
    const { waiting, open } = this;
    if (open?.gathers?.(parcel) === true) return true;
    if (waiting.size >= FRAME_LIMIT || waiting.weight >= SIZE_LIMIT) return false;
    if (parcel.gathers !== undefined && this.takes >= GATHERED) return this.begin(parcel);
    const text = this.encode(waiting.next, parcel);
    waiting.push(parcel, text.length);
    this.say(text);
    return true;
  }

  /** A frame that others may join until something else is said. */
  private begin(parcel: Parcel): true {
    this.write();
    this.waiting.push(parcel, 0);
    this.open = parcel;
    this.due = true;
    return true;
  }

  /** Writes the frame that others might have joined. */
  private write(): void {
    const { open, waiting } = this;
    if (open === undefined) return;
    this.open = undefined;
    const text = this.encode(waiting.next - 1, open);
    waiting.weigh(text.length);
    this.outgoing += text;
  }

  /** A frame as text. It is made anew where it is sent again: kept, most of it would be there twice. */
  private encode(sequence: number, parcel: Parcel): string {
    return encodeNumbered(sequence, parcel.kind, parcel.fields(this.takes >= TEXT));
  }

  /** Something to leave with the next message; nothing but what is said of the other side's frames where it is empty. */
  say(text: string): void {
    if (text !== "") this.write();
    this.outgoing += text;
    this.due = true;
  }

  /** Nothing leaves: what was to is sent again once the other side was asked how it stands. */
  hush(): void {
    this.write();
    this.outgoing = "";
    this.due = false;
  }

  /** What leaves now, head and all; undefined where nothing does. */
  message(self: string, announced: number): string | undefined {
    if (!this.due) return undefined;
    this.write();
    const text = this.outgoing + this.takeConfirms();
    this.hush();
    return text === "" ? undefined : this.head(self, announced) + text;
  }

  /** Takes a numbered frame, whose taker is to see it; false where it came already or too early. */
  receive(sequence: number): boolean {
    if (this.refusals.has(sequence)) this.refusalsToTell = true;
    else if (sequence < this.expected && !this.unsafe.has(sequence)) this.confirms.push(sequence);
    if (sequence !== this.expected) return false;
    this.expected++;
    this.unsafe.add(sequence);
    return true;
  }

  /** Which acquaintance of the other side's its frames belong to. */
  get taken(): number {
    return this.theirGeneration;
  }

  /** True where something is missing before `sequence` and was not asked for yet. */
  missesBefore(sequence: number): boolean {
    if (sequence <= this.expected || this.askedFor === this.expected) return false;
    this.askedFor = this.expected;
    return true;
  }

  /** A frame taken in that generation of the other side is safe here. */
  safe(sequence: number, generation: number): void {
    if (generation === this.theirGeneration && this.unsafe.delete(sequence)) this.confirms.push(sequence);
  }

  /** A frame taken in that generation of the other side could not be taken: it is given back. */
  refuse(sequence: number, generation: number): void {
    if (generation === this.theirGeneration && this.unsafe.delete(sequence)) this.refusals.add(sequence);
    this.refusalsToTell = this.refusals.size > 0;
  }

  /** The other side gave up what is below `low`. */
  private skipTo(low: number): void {
    if (low > this.expected) this.expected = low;
    for (const sequence of this.refusals) if (sequence < low) this.refusals.delete(sequence);
  }

  /** What is to be told with the next message: confirmations and refusals, as frames. */
  private takeConfirms(): string {
    let text = "";
    if (this.refusalsToTell) text += encodeFrame("x", [[...this.refusals].join(" ")]);
    const { confirms } = this;
    if (confirms.length > 0) text += encodeFrame("c", [this.readsRuns ? encodeRuns(confirms) : confirms.join(" ")]);
    this.refusalsToTell = false;
    if (confirms.length > 0) this.confirms = [];
    return text;
  }

  /**
   * Begins each message: whose it is, from where its numbers go on, which acquaintance it belongs to, and how often its
   * sender had announced something before it; last, what its sender takes.
   */
  private head(self: string, announced: number): string {
    const { generation, theirGeneration, waiting } = this;
    return encodeFrame("h", [self, ...[waiting.low, generation, theirGeneration, announced, TEXT].map(String)]);
  }

  /** The other side is no older than the one that reads runs, and takes so much. */
  isRecent(takes: Takes): void {
    this.readsRuns = true;
    this.takes = takes;
  }

  /**
   * Takes the head of a message; false for one of an acquaintance that is over. What a later one says of our frames
   * counts only once it has heard of this one (`answering`).
   */
  meets(low: number, generation: number): boolean {
    if (generation < this.theirGeneration) return false;
    if (generation > this.theirGeneration) {
      this.theirGeneration = generation;
      this.expected = 1;
      this.askedFor = 0;
      this.unsafe = new Set();
      this.confirms = [];
      this.refusals.clear();
    }
    this.skipTo(low);
    return true;
  }

  /** Takes what is said of this side's frames, or asked about the other's; true where an answer leaves. */
  hear({ kind, fields: [first = "", second = ""] }: Frame, onError: OnError): boolean {
    if (kind === "c") this.confirmed(first, onError);
    else if (kind === "x") this.refused(first, onError);
    const answer = kind === "p" ? this.standing() : kind === "n" ? this.standsAt(first, second, onError) : "";
    if (answer !== "") this.say(answer);
    return answer !== "";
  }

  private confirmed(numbers: string, onError: OnError): void {
    eachOfRuns(numbers, this.waiting.low, this.waiting.next, (number) => this.settle(number, onError));
  }

  /** The other side could not take these. */
  private refused(numbers: string, onError: OnError): void {
    for (const number of numbers.split(" ")) {
      const parcel = this.waiting.take(Number(number));
      if (parcel !== undefined) giveBack(parcel, "refused", onError);
    }
  }

  /** Where this side stands: what it expects next, and what it holds unconfirmed. */
  standing(): string {
    this.refusalsToTell = this.refusals.size > 0;
    return encodeFrame("n", [String(this.expected), [...this.unsafe, ...this.refusals].join(" ")]);
  }

  /** Takes the other side's standing: what it has made safe is confirmed; what it misses is the answer. */
  private standsAt(expectedText: string, unsafeText: string, onError: OnError): string {
    this.write();
    const expected = Number(expectedText);
    const unsafe = new Set(unsafeText.split(" ").map(Number));
    let missing = "";
    for (const sequence of this.waiting.numbers()) {
      if (sequence >= expected) missing += this.encode(sequence, this.waiting.get(sequence) as Parcel);
      else if (!unsafe.has(sequence)) this.settle(sequence, onError);
    }
    return missing;
  }

  /** True where the other side should be asked how it stands. */
  stuck(): boolean {
    const stuck = this.waiting.size > 0 && this.waiting.low <= this.oldestAtBeat;
    this.oldestAtBeat = this.waiting.next - 1;
    return stuck;
  }

  /** Gives everything back. */
  fail(reason: BusFailure, onError: OnError): void {
    this.open = undefined;
    const all = [...this.waiting.numbers()].map((sequence) => this.waiting.take(sequence) as Parcel);
    for (const parcel of all) giveBack(parcel, reason, onError);
  }

  private settle(sequence: number, onError: OnError): void {
    const parcel = this.waiting.take(sequence);
    if (parcel === undefined) return;
    // One frame's failure is no other's.
    try {
      parcel.confirmed();
    } catch (error) {
      onError(error);
    }
  }
}

function giveBack(parcel: Parcel, reason: BusFailure, onError: OnError): void {
  try {
    parcel.failed(reason);
  } catch (error) {
    onError(error);
  }
}
