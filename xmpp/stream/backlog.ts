// What waits for a peer that does not read: never more than the limit, counted before it is written.
import type { Transport } from "./transport.ts";

/** Why a stream was cut that did not read what waited for it: says nothing of what that was. */
export class NotRead extends Error {
  constructor() {
    super("the peer does not read");
  }
}

/**
 * True where `length` more characters leave no more than `most` waiting, or nothing waits before them. The kernel is
 * offered everything first, since a burst of our own says nothing of the reader.
 */
export function hasRoom(transport: Pick<Transport, "backlog" | "flush">, length: number, most: number): boolean {
  if (transport.backlog + length <= most) return true;
  transport.flush();
  const { backlog } = transport;
  return backlog === 0 || backlog + length <= most;
}

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
   * True where `length` more characters may be written; false where the peer has to be cut. A text that alone is more
   * than the limit may go where nothing waits before it, and is judged once it was offered.
   */
  admits(length: number, limit: number): boolean {
    if (!hasRoom(this.transport, length, limit)) return false;
    if (length > limit) this.judgeLater(limit);
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
