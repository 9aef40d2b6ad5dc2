// What waits for a peer that does not read: never more than the limit, counted before it is written.
import type { Transport } from "./transport.ts";

/** Keeps a transport's backlog within a limit. */
export class Backlog {
  private readonly transport: Transport;
  private readonly exceeded: () => void;
  private judging = false;

  /** `exceeded` is called where a text that alone is more than the limit was not taken by the kernel after all. */
  constructor(transport: Transport, exceeded: () => void) {
    this.transport = transport;
    this.exceeded = exceeded;
  }

  /**
   * True where `length` more characters may be written; false where the peer has to be cut. The kernel is offered
   * everything first, since a burst of our own says nothing of the reader. A text that alone is more than the limit may
   * go where nothing waits before it, and is judged once it was offered.
   */
  admits(length: number, limit: number): boolean {
    if (this.transport.backlog + length <= limit) return true;
    this.transport.flush();
    const { backlog } = this.transport;
    if (backlog + length <= limit) return true;
    if (backlog > 0) return false;
    this.judgeLater(limit);
    return true;
  }

  private judgeLater(limit: number): void {
    if (this.judging) return;
    this.judging = true;
    setImmediate(() => {
      this.judging = false;
      if (this.transport.backlog > limit) this.exceeded();
    });
  }
}
