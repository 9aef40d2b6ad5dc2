// What was sent and not acknowledged yet: counted, kept in order, bounded. XEP-0198 §4.
import type { Stanza } from "../../stanza/stanza.ts";

/** Counters wrap at 2^32. XEP-0198 §4. */
const MODULUS = 2 ** 32;

/** The unacknowledged stanzas of one session. */
export class Unacked {
  private items: Stanza[] = [];
  private bytes = 0;
  /** Stanzas sent since stream management was enabled, modulo 2^32. */
  sent = 0;

  get length(): number {
    return this.items.length;
  }

  /** Characters of text that are kept. */
  get size(): number {
    return this.bytes;
  }

  push(stanza: Stanza): void {
    this.items.push(stanza);
    this.bytes += stanza.tail.length + 100;
    this.sent = (this.sent + 1) % MODULUS;
  }

  /** Forgets what the peer handled; false where it claims more than was sent. */
  acknowledge(h: number): boolean {
    const waiting = this.items.length;
    const outstanding = (this.sent - h + MODULUS) % MODULUS;
    if (outstanding > waiting) return false;
    for (const stanza of this.items.splice(0, waiting - outstanding)) this.bytes -= stanza.tail.length + 100;
    return true;
  }

  /** What is unacknowledged, in order. */
  list(): readonly Stanza[] {
    return this.items;
  }

  /** Takes everything out. */
  drain(): Stanza[] {
    const { items } = this;
    this.items = [];
    this.bytes = 0;
    return items;
  }
}
