// Qualified names, each split and checked once and then found again by a small table.
import { isCommonName, isNcName } from "./characters.ts";
import { unshared } from "./unshared.ts";

/** What a name means as an attribute. */
export const PLAIN = 0;
export const DEFAULT_DECLARATION = 1;
export const PREFIX_DECLARATION = 2;
export const PREFIXED = 3;

/** A qualified name. Namespaces in XML 1.0 §4. */
export interface Name {
  readonly text: string;
  /** "" where there is none. */
  readonly prefix: string;
  readonly local: string;
  /** PLAIN, DEFAULT_DECLARATION (`xmlns`), PREFIX_DECLARATION (`xmlns:p`) or PREFIXED (`p:x`). */
  readonly kind: number;
  /** Legal in the fourth edition of XML 1.0 as well as in the fifth. */
  readonly common: boolean;
  /** One bit, to tell most differing names apart at once. */
  readonly bit: number;
}

// Direct-mapped and never larger: names made up by a peer only push others out.
const SIZE = 1024;
const LONGEST = 64;
const table: (Name | undefined)[] = new Array(SIZE).fill(undefined);

/** The name that is `source` from `start` to `end`; undefined where that is no qualified name. */
export function nameAt(source: string, start: number, end: number): Name | undefined {
  const length = end - start;
  if (length <= 0) return undefined;
  if (length > LONGEST) return makeName(source.slice(start, end), 0);
  const hash =
    (length * 31 +
      source.charCodeAt(start) * 7 +
      source.charCodeAt(start + (length >> 1)) * 131 +
      source.charCodeAt(end - 1) * 1031) &
    (SIZE - 1);
  const known = table[hash];
  if (known !== undefined && known.text.length === length && standsAt(known.text, source, start)) return known;
  const name = makeName(unshared(source.slice(start, end)), hash);
  if (name !== undefined) table[hash] = name;
  return name;
}

/** True where a (short) text stands in another from an index on, that must not be so near the end that it cannot. */
export function standsAt(text: string, source: string, start: number): boolean {
  for (let k = text.length - 1; k >= 0; k--) if (text.charCodeAt(k) !== source.charCodeAt(start + k)) return false;
  return true;
}

function makeName(text: string, hash: number): Name | undefined {
  const colon = text.indexOf(":");
  const prefix = colon === -1 ? "" : text.slice(0, colon);
  const local = colon === -1 ? text : text.slice(colon + 1);
  if ((colon !== -1 && !isNcName(prefix)) || !isNcName(local)) return undefined;
  const kind =
    colon === -1
      ? text === "xmlns"
        ? DEFAULT_DECLARATION
        : PLAIN
      : prefix === "xmlns"
        ? PREFIX_DECLARATION
        : PREFIXED;
  return { text, prefix, local, kind, common: isCommonName(text), bit: 1 << (hash & 31) };
}
