// Bytes to text, strictly: UTF-8 that may be split anywhere, and nothing else. RFC 6120 §11.6.
import { isAscii } from "node:buffer";

/** Incremental strict UTF-8 decoder. */
export class Utf8Decoder {
  private decoder: TextDecoder | undefined;
  /** True while the last chunk may have ended inside a character. */
  private open = false;

  /** Decodes a chunk; undefined where the bytes are not UTF-8 (then the stream is over). */
  decode(chunk: Buffer): string | undefined {
    if (!this.open && isAscii(chunk)) return chunk.toString("latin1");
    this.decoder ??= new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    try {
      const text = this.decoder.decode(chunk, { stream: true });
      this.open = (chunk[chunk.length - 1] ?? 0) >= 0x80;
      return text;
    } catch {
      return undefined;
    }
  }
}
