// What was sent on a stream and is not acknowledged: counted, in order, measured. XEP-0198 §4, §5.

import type { Stanza } from "../stanza/stanza.ts";
import { ahead, beyond } from "./count.ts";

/** Acknowledged places at the front of the list before it is made shorter. */
const COMPACT_AT = 256;

/** So many stanzas behind one that is not acknowledged, it is kept for more than a moment. */
const LATE = 64;

/** One side's count of what it sent, for C2S and S2S alike: what a peer has not acknowledged is sent again. */
export class Sent<Entry extends { readonly stanza: Stanza }> {
  private items: Entry[] = [];
  private head = 0;
  private characters = 0;
  private count: number;
  /** Entries that were taken out unacknowledged since the peer last told a count. */
  private drained = 0;

  /** `count`: stanzas that were sent and acknowledged elsewhere before. */
  constructor(count = 0) {
    this.count = count;
  }

  /** Stanzas sent since counting began, modulo 2^32. */
  get total(): number {
    return this.count;
  }

  /** Unacknowledged stanzas. */
  get length(): number {
    return this.items.length - this.head;
  }

  /** Characters of their text. */
  get size(): number {
    return this.characters;
  }

  /** Counts one more. */
  push(entry: Entry): void {
    this.items.push(entry);
    if (this.length > LATE) this.items[this.items.length - 1 - LATE]?.stanza.detach();
    this.characters += sizeOf(entry.stanza);
    this.count = beyond(this.count, 1);
  }

  /** Takes out what the peer has handled; undefined where it claims more than was sent, or less than before. */
  acknowledge(h: number): readonly Entry[] | undefined {
    const acknowledged = this.length - ahead(this.count, h);
    if (acknowledged < 0) return undefined;
    const gone = this.items.slice(this.head, this.head + acknowledged);
    for (const { stanza } of gone) this.characters -= sizeOf(stanza);
    this.head += acknowledged;
    if (this.head === this.items.length) this.clear();
    else if (this.head >= COMPACT_AT) {
      this.items.splice(0, this.head);
      this.head = 0;
    }
    return gone;
  }

  /** What is unacknowledged, in order. */
  list(): readonly Entry[] {
    return this.head === 0 ? this.items : this.items.slice(this.head);
  }

  /** Takes out what has gone another way for good, as if it had never been sent: the peer has not counted it. */
  forget(gone: (entry: Entry) => boolean): void {
    const left = this.list().filter((entry) => !gone(entry));
    this.count = beyond(this.count, left.length - this.length);
    this.items = left;
    this.head = 0;
    this.characters = left.reduce((sum, { stanza }) => sum + sizeOf(stanza), 0);
  }

  /** Takes everything out: it goes another way. */
  drain(): Entry[] {
    const items = this.items.slice(this.head);
    this.drained += items.length;
    this.clear();
    this.characters = 0;
    return items;
  }

  /**
   * What was under way has gone another way, and the peer had handled `h` of it: counts on from there. False where it
   * claims more than was sent, or less than before.
   */
  countFrom(h: number): boolean {
    if (this.length > 0 || ahead(this.count, h) > this.drained) return false;
    this.count = h;
    this.drained = 0;
    return true;
  }

  /** Counts from 0 again, as both sides do when stream management is enabled; what is kept stays kept. */
  restart(): void {
    this.count = 0;
    this.drained = 0;
  }

  private clear(): void {
    this.items = [];
    this.head = 0;
  }
}

/** Characters that a stanza costs while it is kept: its whole text, and a little for what holds it. */
export function sizeOf({ size }: Stanza): number {
  return size + 100;
}
