// Stanzas that wait for a remote domain: first in, first out, bounded in number and characters.
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { QueueBudget } from "../way/context.ts";

/** All queues of a node together hold so many times what one may. */
export const QUEUES_AT_MOST = 64;

/** A queue with bounds. */
export class StanzaQueue {
  private readonly budget: QueueBudget;
  private items: Stanza[] = [];
  private head = 0;
  private size = 0;

  /** `budget` is shared by all queues of a node. */
  constructor(budget: QueueBudget) {
    this.budget = budget;
  }

  get length(): number {
    return this.items.length - this.head;
  }

  /** Adds; false where it is full. */
  push(stanza: Stanza, maxStanzas: number, maxSize: number): boolean {
    const size = sizeOf(stanza);
    if (this.length >= maxStanzas || (this.length > 0 && this.size + size > maxSize)) return false;
    const whole = maxSize * QUEUES_AT_MOST;
    if (this.budget.used + size > whole) return false;
    if (stanza.from !== undefined && !this.budget.shares.allows(stanza.from, size, whole)) return false;
    stanza.detach();
    this.items.push(stanza);
    this.grow(stanza, size);
    return true;
  }

  /** The first one, which stays. */
  get first(): Stanza | undefined {
    return this.items[this.head];
  }

  /** Takes the first one out. */
  shift(): void {
    const stanza = this.items[this.head];
    if (stanza === undefined) return;
    this.grow(stanza, -sizeOf(stanza));
    this.head++;
    if (this.head < 256 && this.head < this.items.length) return;
    this.items.splice(0, this.head);
    this.head = 0;
  }

  /** Puts stanzas that were on the way before all others; they had a place already, so no bound applies. */
  putBack(stanzas: readonly Stanza[]): void {
    if (stanzas.length === 0) return;
    this.items = [...stanzas, ...this.items.slice(this.head)];
    this.head = 0;
    for (const stanza of stanzas) this.grow(stanza, sizeOf(stanza));
  }

  /** Takes everything out, in order. */
  drain(): Stanza[] {
    const items = this.items.slice(this.head);
    this.items = [];
    this.head = 0;
    for (const stanza of items) this.grow(stanza, -sizeOf(stanza));
    return items;
  }

  private grow({ from }: Stanza, size: number): void {
    this.size += size;
    this.budget.used += size;
    if (from !== undefined) this.budget.shares.take(from, size);
  }
}

function sizeOf(stanza: Stanza): number {
  return stanza.size + 100;
}
