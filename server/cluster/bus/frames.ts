// Frames of the node bus as text: a kind and fields with their lengths, many in one message.

/** One frame. */
export interface Frame {
  readonly kind: string;
  readonly fields: readonly string[];
}

/** A frame as text: kind, number of fields, then each with its length in UTF-16 units. */
export function encodeFrame(kind: string, fields: readonly string[]): string {
  // Joined and not added up: a string of many pieces that waits for its confirmation costs the collector more than all
  // the rest of the bus.
  const parts = [kind, " ", String(fields.length), ";"];
  for (const field of fields) parts.push(String(field.length), ":", field);
  return parts.join("");
}

/** Every frame of a message; from where it is not whole on it is dropped, for only a broken peer would send that. */
export function decodeFrames(text: string): Frame[] {
  const frames: Frame[] = [];
  let at = 0;
  while (at < text.length) {
    const semicolon = text.indexOf(";", at);
    const space = text.lastIndexOf(" ", semicolon);
    if (semicolon === -1 || space < at) break;
    const kind = text.slice(at, space);
    const count = Number(text.slice(space + 1, semicolon));
    const fields: string[] = [];
    at = semicolon + 1;
    for (let i = 0; i < count; i++) {
      const colon = text.indexOf(":", at);
      const length = Number(text.slice(at, colon));
      if (colon === -1 || !(length >= 0) || colon + 1 + length > text.length) return frames;
      fields.push(text.slice(colon + 1, colon + 1 + length));
      at = colon + 1 + length;
    }
    frames.push({ kind, fields });
  }
  return frames;
}
