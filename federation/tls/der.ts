// Reads DER (X.690), bounded: nothing outside the bytes given, no indefinite lengths, no deeper than asked.

/** One element: tag octet, and its contents without header. */
export interface Der {
  readonly tag: number;
  readonly value: Buffer;
}

/** Bytes that are not DER, or more of it than a certificate would hold. */
export class DerError extends Error {
  override readonly name = "DerError";
}

/** Elements of one sequence that are read. */
const MAX_ELEMENTS = 1024;

/** Universal tags, and the context-specific ones by their number. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  /** `[n]`, primitive. */
  context: (n: number) => 0x80 | n,
  /** `[n]`, constructed. */
  constructed: (n: number) => 0xa0 | n,
} as const;

/** The element at `offset` and where the next one begins. Throws `DerError`. */
function readAt(bytes: Buffer, offset: number): { element: Der; end: number } {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) throw new DerError("cut short");
  if ((tag & 0x1f) === 0x1f) throw new DerError("a tag of several octets");
  let start = offset + 2;
  let length = first;
  if (first >= 0x80) {
    const octets = first & 0x7f;
    if (octets === 0 || octets > 3 || start + octets > bytes.length) throw new DerError("a length that is none");
    length = bytes.readUIntBE(start, octets);
    if (length < 0x80) throw new DerError("a length not in its shortest form");
    start += octets;
  }
  const end = start + length;
  if (end > bytes.length) throw new DerError("cut short");
  return { element: { tag, value: bytes.subarray(start, end) }, end };
}

/** The one element that `bytes` are. Throws `DerError`, for trailing bytes too. */
export function readDer(bytes: Buffer): Der {
  const { element, end } = readAt(bytes, 0);
  if (end !== bytes.length) throw new DerError("trailing bytes");
  return element;
}

/** The elements inside a constructed one. Throws `DerError`. */
export function children(parent: Der): Der[] {
  const elements: Der[] = [];
  for (let offset = 0; offset < parent.value.length; ) {
    if (elements.length >= MAX_ELEMENTS) throw new DerError("too many elements");
    const { element, end } = readAt(parent.value, offset);
    elements.push(element);
    offset = end;
  }
  return elements;
}

/** Checks an element's tag and gives it back. Throws `DerError`. */
export function expectTag(element: Der | undefined, tag: number): Der {
  if (element?.tag !== tag) throw new DerError(`expected tag ${tag}`);
  return element;
}

/** An object identifier in dotted form. Throws `DerError`. */
export function oidOf(element: Der | undefined): string {
  const { value } = expectTag(element, TAG.oid);
  if (value.length === 0 || value.length > 64) throw new DerError("an object identifier that is none");
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of value) {
    arc = arc * 128 + (octet & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER) throw new DerError("an object identifier that is none");
    if (octet < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const [first = 0, ...rest] = arcs;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...rest].join(".");
}
