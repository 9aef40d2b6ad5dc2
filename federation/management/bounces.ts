// What went out on a one-way stream lately, by its head alone: an error that comes back on it is told from a made-up one.
import type { Stanza } from "../../server/index.ts";

/** Heads that are remembered. */
const KEPT = 256;

/** The heads of the last stanzas of one stream: hashes, so that no stanza is kept for this. */
export class Bounces {
  private readonly heads = new Uint32Array(KEPT);
  private next = 0;

  /** A stanza was written. */
  sent({ kind, id, from, to }: Stanza): void {
    this.heads[this.next] = hashOf(kind, id, from?.full, to?.full);
    this.next = (this.next + 1) % KEPT;
  }

  /** True where the error answers one that was written and has not been answered so. RFC 6120 §8.3.1. */
  take({ kind, id, from, to }: Stanza): boolean {
    const place = this.heads.indexOf(hashOf(kind, id, to?.full, from?.full));
    if (place === -1) return false;
    this.heads[place] = 0;
    return true;
  }
}

/** FNV-1a over the parts, never 0. */
function hashOf(...parts: readonly (string | undefined)[]): number {
  let hash = 0x811c9dc5;
  for (const part of parts) {
    const text = part ?? "";
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ 0x1f, 0x01000193);
  }
  return hash >>> 0 || 1;
}
