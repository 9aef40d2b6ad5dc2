// What was sent and not acknowledged yet: counted, kept in order, bounded. XEP-0198 §4.
import type { Safety } from "../../stanza/safety.ts";
import type { Stanza } from "../../stanza/stanza.ts";

/** Counters wrap at 2^32. XEP-0198 §4. */
const MODULUS = 2 ** 32;
/** What a kept stanza costs beside its text, in characters. */
const EACH = 100;

/** One stanza that the client has not acknowledged. */
export interface Kept {
  readonly stanza: Stanza;
  /** Held until the client has it or the store has; undefined where nobody waits for that. */
  safety: Safety | undefined;
  /** Its id in the store of held messages, once it is there; 0 while it is on its way. */
  stored: number | undefined;
  /** True once the client acknowledged it, or it went elsewhere. */
  gone: boolean;
}

/** The unacknowledged stanzas of one session. */
export class Unacked {
  private items: Kept[] = [];
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

  push(stanza: Stanza): Kept {
    const kept: Kept = { stanza, safety: stanza.safety?.hold(), stored: undefined, gone: false };
    this.items.push(kept);
    this.bytes += stanza.size + EACH;
    this.sent = (this.sent + 1) % MODULUS;
    return kept;
  }

  /** Takes out what the peer handled; undefined where it claims more than was sent. */
  acknowledge(h: number): readonly Kept[] | undefined {
    const waiting = this.items.length;
    const outstanding = (this.sent - h + MODULUS) % MODULUS;
    if (outstanding > waiting) return undefined;
    const gone = this.items.splice(0, waiting - outstanding);
    for (const { stanza } of gone) this.bytes -= stanza.size + EACH;
    return gone;
  }

  /** What is unacknowledged, in order. */
  list(): readonly Kept[] {
    return this.items;
  }

  /** Takes everything out. */
  drain(): Kept[] {
    const { items } = this;
    this.items = [];
    this.bytes = 0;
    return items;
  }
}
