// Stanzas that wait for a remote domain: bounded in number and bytes.
import type { Stanza } from "../../server/index.ts";

/** A first-in, first-out queue with bounds. */
export class StanzaQueue {
  private items: Stanza[] = [];
  private bytes = 0;
  private readonly maxStanzas: number;
  private readonly maxBytes: number;

  constructor(maxStanzas: number, maxBytes: number) {
    this.maxStanzas = maxStanzas;
    this.maxBytes = maxBytes;
  }

  get length(): number {
    return this.items.length;
  }

  /** Adds; false where it is full. */
  push(stanza: Stanza): boolean {
    const size = stanza.text().length;
    if (this.items.length >= this.maxStanzas || this.bytes + size > this.maxBytes) return false;
    this.items.push(stanza);
    this.bytes += size;
    return true;
  }

  /** Takes everything out, in order. */
  drain(): Stanza[] {
    const { items } = this;
    this.items = [];
    this.bytes = 0;
    return items;
  }
}
