// Classes of characters that the scanner asks for. XML 1.0 (5th edition) §2.2, §2.3; Namespaces in XML 1.0 §4.

import { isCommonNameCharacter, isCommonNameStart } from "./fourth-edition.ts";

const COLON = 58;

/** May stand in a name, colon included: bit of `CLASS`. */
export const NAME = 2;
/** Stands for itself in character data: bit of `CLASS` (not `<`, `&`, `>`, controls). */
export const TEXT = 4;
/** Stands for itself in an attribute value: bit of `CLASS` (not `<`, `&`, quotes, white space but the space). */
export const VALUE = 8;

/** Class bits of the ASCII characters. */
export const CLASS = new Uint8Array(128);
for (let c = 0x20; c < 128; c++) {
  const character = String.fromCharCode(c);
  if (!"<&>".includes(character)) CLASS[c]! |= TEXT;
  if (!"<&\"'".includes(character)) CLASS[c]! |= VALUE;
  if (/[A-Za-z0-9_:.-]/.test(character)) CLASS[c]! |= NAME;
}
for (const c of [9, 10, 13, 32]) CLASS[c]! |= TEXT;

/** True for the four characters of white space. XML 1.0 §2.3 [3]. */
export function isSpace(c: number): boolean {
  return c === 32 || c === 10 || c === 13 || c === 9;
}

/** True for a code point that may stand in a document. XML 1.0 §2.2 [2]. */
export function isXmlCharacter(c: number): boolean {
  if (c < 0x20) return c === 9 || c === 10 || c === 13;
  return c < 0xd800 || (c >= 0xe000 && c <= 0xfffd) || (c >= 0x10000 && c <= 0x10ffff);
}

/** True for a code point that may begin a name without colons. Namespaces in XML 1.0 §3 [4]. */
function isNameStart(c: number): boolean {
  if (c < 128) return (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === 95;
  return (
    (c >= 0xc0 && c <= 0x2ff && c !== 0xd7 && c !== 0xf7) ||
    (c >= 0x370 && c <= 0x1fff && c !== 0x37e) ||
    c === 0x200c ||
    c === 0x200d ||
    (c >= 0x2070 && c <= 0x218f) ||
    (c >= 0x2c00 && c <= 0x2fef) ||
    (c >= 0x3001 && c <= 0xd7ff) ||
    (c >= 0xf900 && c <= 0xfdcf) ||
    (c >= 0xfdf0 && c <= 0xfffd) ||
    (c >= 0x10000 && c <= 0xeffff)
  );
}

/** True for a code point that may go on a name without colons. Namespaces in XML 1.0 §3 [4]. */
function isNameCharacter(c: number): boolean {
  if (isNameStart(c)) return true;
  if (c < 128) return (c >= 48 && c <= 57) || c === 45 || c === 46;
  return c === 0xb7 || (c >= 0x300 && c <= 0x36f) || c === 0x203f || c === 0x2040;
}

/**
 * True where each character of a name may stand there by the fourth edition as well (`text` is a name by the fifth). XML
 * 1.0 §2.3; COMPAT(expat, 2.7): a name of the fifth edition alone ends the streams of clients and servers that use it.
 */
export function isCommonName(text: string): boolean {
  let first = true;
  for (const character of text) {
    const c = character.codePointAt(0) as number;
    if (c >= 128 && !(first ? isCommonNameStart(c) : isCommonNameCharacter(c))) return false;
    first = c === COLON;
  }
  return true;
}

/** True for a name without colons. Namespaces in XML 1.0 §3 [4]. */
export function isNcName(text: string): boolean {
  let first = true;
  for (const character of text) {
    const c = character.codePointAt(0) as number;
    if (!(first ? isNameStart(c) : isNameCharacter(c))) return false;
    first = false;
  }
  return !first;
}

/** True where a character beyond ASCII stands at an index, in both halves if it has two. XML 1.0 §2.2 [2]. */
export function isNonAsciiCharacter(text: string, i: number): boolean {
  const c = text.charCodeAt(i);
  if (c < 0xd800) return true;
  if (c >= 0xe000) return c <= 0xfffd;
  return c < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00;
}
