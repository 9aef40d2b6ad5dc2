// What went out on a stream and is not acknowledged: in order, counted, bounded. XEP-0198 §4.
import type { Stanza } from "../../server/index.ts";

/** Counters wrap at 2^32. XEP-0198 §4. */
const MODULUS = 2 ** 32;
/** Acknowledged places at the front of the list before it is made shorter. */
const COMPACT_AT = 256;

/** A stanza and whose it is. */
export interface Entry<Owner> {
  readonly stanza: Stanza;
  readonly owner: Owner;
}

/** The unacknowledged stanzas of one direction of a stream. */
export class Ledger<Owner> {
  private stanzas: Stanza[] = [];
  private owners: Owner[] = [];
  private readonly answered = new WeakSet<Stanza>();
  private head = 0;
  private size = 0;
  private readonly maxStanzas: number;
  private readonly maxSize: number;
  /** Stanzas sent, modulo 2^32. */
  sent = 0;

  /** Bounds: a number of stanzas, and of characters. */
  constructor(maxStanzas: number, maxSize: number) {
    this.maxStanzas = maxStanzas;
    this.maxSize = maxSize;
  }

  get length(): number {
    return this.stanzas.length - this.head;
  }

  /** True where no more may be on the way; one stanza always may. */
  get full(): boolean {
    const { length } = this;
    return length > 0 && (length >= this.maxStanzas || this.size >= this.maxSize);
  }

  push(owner: Owner, stanza: Stanza): void {
    this.stanzas.push(stanza);
    this.owners.push(owner);
    this.size += sizeOf(stanza);
    this.sent = (this.sent + 1) % MODULUS;
  }

  /** Forgets what the peer has handled; false where it claims more than was sent. */
  acknowledge(h: number): boolean {
    const outstanding = (this.sent - h + MODULUS) % MODULUS;
    const count = this.length - outstanding;
    if (count < 0) return false;
    const settled: Stanza[] = [];
    for (let i = this.head; i < this.head + count; i++) {
      const stanza = this.stanzas[i] as Stanza;
      this.size -= sizeOf(stanza);
      if (stanza.safety !== undefined) settled.push(stanza);
    }
    this.head += count;
    if (this.head === this.stanzas.length) {
      this.stanzas = [];
      this.owners = [];
      this.head = 0;
    } else if (this.head >= COMPACT_AT) {
      this.stanzas.splice(0, this.head);
      this.owners.splice(0, this.head);
      this.head = 0;
    }
    // Last, since whoever hears of it may send more.
    for (const { safety } of settled) safety?.release();
    return true;
  }

  /**
   * What was kept, `given` stanzas, has gone another way meanwhile, and the peer had handled `h`: counts on from there.
   * False where it claims more than was sent.
   */
  countFrom(h: number, given: number): boolean {
    const outstanding = (this.sent - h + MODULUS) % MODULUS;
    if (outstanding > given) return false;
    this.sent = h;
    return true;
  }

  /** What is unacknowledged, in order. */
  entries(): Entry<Owner>[] {
    const list: Entry<Owner>[] = [];
    for (let i = this.head; i < this.stanzas.length; i++)
      list.push({ stanza: this.stanzas[i] as Stanza, owner: this.owners[i] as Owner });
    return list;
  }

  /**
   * The peer answered a stanza with this error: it was handled, and never goes another way. It keeps its place, for the
   * peer counts it as well. False where none is kept that it answers.
   */
  answer({ kind, id, from, to }: Stanza): boolean {
    for (let i = this.head; i < this.stanzas.length; i++) {
      const sent = this.stanzas[i] as Stanza;
      if (sent.kind !== kind || sent.id !== id || this.answered.has(sent)) continue;
      if (sent.from?.full !== to?.full || sent.to?.full !== from?.full) continue;
      this.answered.add(sent);
      return true;
    }
    return false;
  }

  /** Takes out everything that was not answered; `sent` stays. */
  drain(): Entry<Owner>[] {
    const list: Entry<Owner>[] = [];
    for (const entry of this.entries())
      if (this.answered.has(entry.stanza)) entry.stanza.safety?.release();
      else list.push(entry);
    this.stanzas = [];
    this.owners = [];
    this.head = 0;
    this.size = 0;
    return list;
  }

  /** Counts from 0 again, as both sides do when stream management is enabled; what is kept stays kept. */
  restart(): void {
    this.sent = 0;
  }
}

/** Characters a stanza counts as: its whole text, and what keeping it costs beside that. */
function sizeOf(stanza: Stanza): number {
  return stanza.size + 100;
}
