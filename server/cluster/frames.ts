// Frames of the node bus: fields with their lengths, many in one message.

/** One frame: a letter that says what it is, and its fields. */
export interface Frame {
  readonly kind: string;
  readonly fields: readonly string[];
}

/** A frame as text: kind, number of fields, then each with its length. */
export function encodeFrame(kind: string, ...fields: readonly string[]): string {
  let text = `${kind}${fields.length};`;
  for (const field of fields) text += `${field.length}:${field}`;
  return text;
}

/** Every frame of a message; what is not whole is dropped, for only a broken peer would send it. */
export function decodeFrames(text: string): Frame[] {
  const frames: Frame[] = [];
  let at = 0;
  while (at < text.length) {
    const semicolon = text.indexOf(";", at);
    const count = Number(text.slice(at + 1, semicolon));
    if (semicolon === -1 || !Number.isInteger(count)) break;
    const kind = text[at] as string;
    const fields: string[] = [];
    at = semicolon + 1;
    for (let i = 0; i < count; i++) {
      const colon = text.indexOf(":", at);
      const length = Number(text.slice(at, colon));
      if (colon === -1 || !Number.isInteger(length) || colon + 1 + length > text.length) return frames;
      fields.push(text.slice(colon + 1, colon + 1 + length));
      at = colon + 1 + length;
    }
    frames.push({ kind, fields });
  }
  return frames;
}
