// What went out on a stream and is not acknowledged: whose each stanza is, and how much there may be. XEP-0198 §4.

import { Sent } from "../../xmpp/management/sent.ts";
import { mayAnswerWithError } from "../../xmpp/stanza/error.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";

/** A stanza and whose it is. */
export interface Entry<Owner> {
  readonly stanza: Stanza;
  readonly owner: Owner;
}

/** Streams in a row that sent it all again, and of which the peer handled nothing: another accident is hardly one. */
const VAIN_RESUMPTIONS = 3;

/** The unacknowledged stanzas of one direction of a stream. */
export class Ledger<Owner> {
  private readonly counted = new Sent<Entry<Owner>>();
  private readonly answered = new WeakSet<Stanza>();
  private resumptions = 0;
  private readonly maxStanzas: number;
  private readonly maxSize: number;

  /** Bounds: a number of stanzas, and of characters. */
  constructor(maxStanzas: number, maxSize: number) {
    this.maxStanzas = maxStanzas;
    this.maxSize = maxSize;
  }

  /** Stanzas sent, modulo 2^32. */
  get sent(): number {
    return this.counted.total;
  }

  get length(): number {
    return this.counted.length;
  }

  /** True where no more may be on the way; one stanza always may. */
  get full(): boolean {
    const { length, size } = this.counted;
    return length > 0 && (length >= this.maxStanzas || size >= this.maxSize);
  }

  push(owner: Owner, stanza: Stanza): void {
    this.counted.push({ owner, stanza });
  }

  /** Forgets what the peer has handled; false where it claims more than was sent. */
  acknowledge(h: number): boolean {
    const settled = this.counted.acknowledge(h);
    if (settled === undefined) return false;
    if (settled.length > 0) this.resumptions = 0;
    // Last, since whoever hears of it may send more.
    for (const { stanza } of settled) stanza.safety?.release("acknowledged");
    return true;
  }

  /** Another stream goes on with it, and sends it again. */
  resumed(): void {
    if (this.length > 0) this.resumptions++;
  }

  /**
   * True where streams that went on with it broke again and again before the peer handled anything: it may be a stanza of
   * these that ends them, and to go on so would be for ever. They are to be sent anew, with caution.
   */
  get resumedInVain(): boolean {
    return this.length > 0 && this.resumptions >= VAIN_RESUMPTIONS;
  }

  /** As `Sent.countFrom`: what was kept has gone another way meanwhile. */
  countFrom(h: number): boolean {
    return this.counted.countFrom(h);
  }

  /** What is unacknowledged, in order. */
  entries(): readonly Entry<Owner>[] {
    return this.counted.list();
  }

  /**
   * The peer answered a stanza with this error: it was handled, and never goes another way. It keeps its place, for the
   * peer counts it as well. False where none is kept that it answers.
   */
  answer({ kind, id, from, to }: Stanza): boolean {
    for (const { stanza: sent } of this.counted.list()) {
      if (sent.kind !== kind || sent.id !== id || this.answered.has(sent)) continue;
      if (sent.from?.full !== to?.full || sent.to?.full !== from?.full || !mayAnswerWithError(sent)) continue;
      this.answered.add(sent);
      return true;
    }
    return false;
  }

  /** Takes out everything that was not answered; `sent` stays. */
  drain(): Entry<Owner>[] {
    return this.counted.drain().filter(({ stanza }) => {
      if (!this.answered.has(stanza)) return true;
      stanza.safety?.release("acknowledged");
      return false;
    });
  }

  /** As `Sent.restart`. */
  restart(): void {
    this.counted.restart();
  }
}
