// A small DER reader, for the few places of a certificate that Node does not show. X.690.

/** One DER element. */
export interface DerElement {
  /** Identifier octet: class, constructed bit, number. */
  readonly tag: number;
  readonly content: Buffer;
}

/** Elements that follow one another in `bytes`, or undefined where they are not well-formed DER. */
export function derElements(bytes: Buffer): DerElement[] | undefined {
  const elements: DerElement[] = [];
  let at = 0;
  while (at < bytes.length) {
    const head = derLength(bytes, at);
    if (head === undefined) return undefined;
    const end = head.start + head.length;
    elements.push({ tag: bytes[at]!, content: bytes.subarray(head.start, end) });
    at = end;
  }
  return elements;
}

/** Children of a constructed element with this tag; empty where it is another or broken. */
export function derChildren(element: DerElement | undefined, tag: number): DerElement[] {
  if (element === undefined || element.tag !== tag) return [];
  return derElements(element.content) ?? [];
}

/** Length and start of the content of the element at `at`; undefined where it is cut off or of no definite length. */
function derLength(bytes: Buffer, at: number): { start: number; length: number } | undefined {
  const first = bytes[at + 1];
  if (first === undefined || (bytes[at]! & 0x1f) === 0x1f) return undefined; // long tags do not occur in certificates
  if (first < 0x80) return at + 2 + first > bytes.length ? undefined : { start: at + 2, length: first };
  const count = first & 0x7f;
  const start = at + 2 + count;
  if (count === 0 || count > 4 || start > bytes.length) return undefined;
  const length = bytes.readUIntBE(at + 2, count);
  return start + length > bytes.length ? undefined : { start, length };
}
