// Text that comes in pieces, joined once at its end.

/** Pieces shorter than this are first put together, so that text coming byte by byte costs no list of bytes. */
const PIECE = 2048;

/** Collects pieces in time and space linear in their length. */
export class Gather {
  private pieces: string[] | undefined;
  private recent = "";
  /** UTF-16 units added. */
  length = 0;

  add(piece: string): void {
    this.length += piece.length;
    this.recent += piece;
    if (this.recent.length < PIECE) return;
    this.pieces ??= [];
    this.pieces.push(flat(this.recent));
    this.recent = "";
  }

  /** Everything added, and a last piece; empty afterwards. */
  take(last: string): string {
    const recent = this.recent + last;
    this.recent = "";
    this.length = 0;
    const { pieces } = this;
    if (pieces === undefined) return recent;
    this.pieces = undefined;
    pieces.push(recent);
    return pieces.join("");
  }

  get isEmpty(): boolean {
    return this.length === 0;
  }

  clear(): void {
    this.recent = "";
    this.pieces = undefined;
    this.length = 0;
  }
}

/** The same text in one piece: joining copies, and so drops the tree of concatenations behind it. */
function flat(text: string): string {
  return [text.slice(0, 1), text.slice(1)].join("");
}
