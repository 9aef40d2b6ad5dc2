// Divides what a server sends into whole top-level elements, by counting tags: light enough for thousands of clients.

/** What ends the stream, as `push` gives it. */
export const STREAM_END = "</stream:stream>";

/**
 * One stream's text; headers and declarations are skipped, and may come again. For servers that send neither comments
 * nor CDATA, as RFC 6120 §11.1 has it of comments.
 */
export class Splitter {
  private text = "";
  private position = 0;
  private begin = 0;
  private depth = 0;

  /** What has come and belongs to no element yet. */
  get rest(): string {
    return this.text;
  }

  /** Takes text and gives the elements that it completes. */
  push(chunk: string): string[] {
    this.text += chunk;
    const found: string[] = [];
    for (;;) {
      const open = this.text.indexOf("<", this.position);
      const close = open === -1 ? -1 : this.endOfTag(open);
      if (close === -1) break;
      if (this.depth === 0) this.begin = open;
      this.position = close + 1;
      if (this.completes(open + 1, close)) found.push(this.text.slice(this.begin, this.position));
    }
    const kept = this.depth > 0 ? this.begin : this.position;
    this.text = this.text.slice(kept);
    this.position -= kept;
    this.begin = 0;
    return found;
  }

  /** Place of the `>` that ends the tag; -1 where it has not come. Attribute values may hold one. */
  private endOfTag(open: number): number {
    const { text } = this;
    for (let at = open + 1; ; ) {
      const close = text.indexOf(">", at);
      if (close === -1) return -1;
      const quote = quoteBetween(text, at, close);
      if (quote === -1) return close;
      const end = text.indexOf(text[quote] as string, quote + 1);
      if (end === -1) return -1;
      at = end + 1;
    }
  }

  /** True where this tag ends a top-level element. */
  private completes(start: number, end: number): boolean {
    const { text } = this;
    if (text[start] === "?" || text.startsWith("stream:stream", start)) return false;
    if (text[start] === "/") {
      if (this.depth === 0) return true;
      this.depth -= 1;
    } else if (text[end - 1] !== "/") this.depth += 1;
    return this.depth === 0;
  }
}

/** Place of the first quote in a part of the text; -1 where there is none. */
function quoteBetween(text: string, from: number, to: number): number {
  for (let at = from; at < to; at++) if (text[at] === '"' || text[at] === "'") return at;
  return -1;
}

/** Value of an attribute of an element's first tag. */
export function attributeOf(element: string, name: string): string | undefined {
  const tag = element.slice(0, element.indexOf(">") + 1);
  return new RegExp(`\\s${name}=(?:'([^']*)'|"([^"]*)")`)
    .exec(tag)
    ?.slice(1)
    .find((value) => value !== undefined);
}
