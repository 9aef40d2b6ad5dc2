// Presence for a client that has to acknowledge something first: the last of each sender, since it replaces what was before.
import { sizeOf } from "../../stanza/sent.ts";
import type { Stanza } from "../../stanza/stanza.ts";

/** The last presence of each sender, oldest first; beyond the bounds the oldest is left out. */
export class LatestPresence {
  private readonly limits: { readonly stanzas: number; readonly characters: number };
  private readonly bySender = new Map<string, Stanza>();
  private characters = 0;

  constructor(limits: { readonly stanzas: number; readonly characters: number }) {
    this.limits = limits;
  }

  /** The one that waited longest. */
  get first(): Stanza | undefined {
    return this.bySender.size === 0 ? undefined : this.bySender.values().next().value;
  }

  /** True where one of the same sender waits, whose place it has now. */
  replaces(stanza: Stanza): boolean {
    if (this.bySender.size === 0 || !this.bySender.has(senderOf(stanza))) return false;
    this.add(stanza);
    return true;
  }

  add(stanza: Stanza): void {
    const sender = senderOf(stanza);
    this.remove(sender);
    stanza.detach();
    this.bySender.set(sender, stanza);
    this.characters += sizeOf(stanza);
    while (this.bySender.size > this.limits.stanzas || this.characters > this.limits.characters) this.shift();
  }

  /** Takes the first one out. */
  shift(): void {
    const sender = this.bySender.keys().next().value;
    if (sender !== undefined) this.remove(sender);
  }

  /** Takes everything out, in order. */
  drain(): Stanza[] {
    const all = [...this.bySender.values()];
    this.bySender.clear();
    this.characters = 0;
    return all;
  }

  private remove(sender: string): void {
    const stanza = this.bySender.get(sender);
    if (stanza === undefined) return;
    this.bySender.delete(sender);
    this.characters -= sizeOf(stanza);
  }
}

function senderOf(stanza: Stanza): string {
  return stanza.from?.full ?? "";
}
