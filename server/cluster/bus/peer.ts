// What one member exchanges with one other: numbered frames, in order, each until it is confirmed.

import type { BusFailure } from "../../ports/cluster.ts";
import { encodeFrame, type Frame } from "./frames.ts";

/** Frames, and characters of them, that one member may have unconfirmed; from a quarter on senders should pause. */
const FRAME_LIMIT = 20_000;
const SIZE_LIMIT = 64 * 1024 * 1024;

/** Told of what a sender's own functions throw. */
export type OnError = (error: unknown) => void;

interface Waiting {
  readonly text: string;
  readonly confirmed: () => void;
  readonly failed: (reason: BusFailure) => void;
}

/**
 * One other member. Frames to it are numbered from 1; it takes them in order only, and asks again from where one is
 * missing. A frame waits here until the other side says that it is safe there.
 */
export class Peer {
  /** Tells this acquaintance from an earlier or later one of the same two members: numbers begin anew with each. */
  readonly generation: number;
  private theirGeneration = 0;
  private readonly waiting = new Map<number, Waiting>();
  private sequence = 0;
  private characters = 0;
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

  /** @param generation higher than that of any earlier peer of this process */
  constructor(generation: number) {
    this.generation = generation;
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
    return this.waiting.size >= FRAME_LIMIT / 4 || this.characters >= SIZE_LIMIT / 4;
  }

  /** Lowest number that may still come. */
  private get low(): number {
    return this.waiting.keys().next().value ?? this.sequence + 1;
  }

  /** Numbers a frame and keeps it; its text, or undefined where too much waits. */
  add(kind: string, fields: readonly string[], confirmed: () => void, failed: Waiting["failed"]): string | undefined {
    if (this.waiting.size >= FRAME_LIMIT || this.characters >= SIZE_LIMIT) return undefined;
    const text = encodeFrame("#", [String(++this.sequence), kind, ...fields]);
    this.waiting.set(this.sequence, { text, confirmed, failed });
    this.characters += text.length;
    return text;
  }

  /** Takes a numbered frame: what its taker is to see, or undefined where it came already or too early. */
  receive(
    frame: Frame,
  ):
    | { readonly sequence: number; readonly generation: number; readonly kind: string; readonly fields: string[] }
    | undefined {
    const [number, kind, ...fields] = frame.fields;
    const sequence = Number(number);
    if (kind === undefined) return undefined;
    if (this.refusals.has(sequence)) this.refusalsToTell = true;
    else if (sequence < this.expected && !this.unsafe.has(sequence)) this.confirms.push(sequence);
    if (sequence !== this.expected) return undefined;
    this.expected++;
    this.unsafe.add(sequence);
    return { sequence, generation: this.theirGeneration, kind, fields };
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
  takeConfirms(): string {
    let text = "";
    if (this.refusalsToTell) text += encodeFrame("x", [[...this.refusals].join(" ")]);
    if (this.confirms.length > 0) text += encodeFrame("c", [this.confirms.join(" ")]);
    this.refusalsToTell = false;
    this.confirms = [];
    return text;
  }

  /** Begins each message: whose it is, from where its numbers go on, and which acquaintance it belongs to. */
  head(self: string): string {
    return encodeFrame("h", [self, String(this.low), String(this.generation), String(this.theirGeneration)]);
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

  confirmed(numbers: string, onError: OnError): void {
    for (const number of numbers.split(" ")) this.settle(Number(number), onError);
  }

  /** The other side could not take these. */
  refused(numbers: string, onError: OnError): void {
    for (const number of numbers.split(" ")) {
      const waiting = this.takeOut(Number(number));
      if (waiting !== undefined) contained(() => waiting.failed("refused"), onError);
    }
  }

  /** Where this side stands: what it expects next, and what it holds unconfirmed. */
  standing(): string {
    this.refusalsToTell = this.refusals.size > 0;
    return encodeFrame("n", [String(this.expected), [...this.unsafe, ...this.refusals].join(" ")]);
  }

  /** Takes the other side's standing: what it has made safe is confirmed; what it misses is the answer. */
  standsAt(expectedText: string, unsafeText: string, onError: OnError): string {
    const expected = Number(expectedText);
    const unsafe = new Set(unsafeText.split(" ").map(Number));
    let missing = "";
    for (const [sequence, { text }] of [...this.waiting]) {
      if (sequence >= expected) missing += text;
      else if (!unsafe.has(sequence)) this.settle(sequence, onError);
    }
    return missing;
  }

  /** True where the other side should be asked how it stands. */
  stuck(): boolean {
    const oldest = this.low;
    const stuck = this.waiting.size > 0 && oldest <= this.oldestAtBeat;
    this.oldestAtBeat = this.sequence;
    return stuck;
  }

  /** Gives everything back. */
  fail(reason: BusFailure, onError: OnError): void {
    const all = [...this.waiting.values()];
    this.waiting.clear();
    this.characters = 0;
    for (const { failed } of all) contained(() => failed(reason), onError);
  }

  private settle(sequence: number, onError: OnError): void {
    const waiting = this.takeOut(sequence);
    if (waiting !== undefined) contained(waiting.confirmed, onError);
  }

  private takeOut(sequence: number): Waiting | undefined {
    const waiting = this.waiting.get(sequence);
    if (waiting === undefined) return undefined;
    this.waiting.delete(sequence);
    this.characters -= waiting.text.length;
    return waiting;
  }
}

/** One frame's failure is no other's. */
function contained(work: () => void, onError: OnError): void {
  try {
    work();
  } catch (error) {
    onError(error);
  }
}
