// Character and entity references, and the normalisation of values and text that contain them. XML 1.0 §4.1, §2.11, §3.3.3.
import { isNcName, isXmlCharacter } from "./characters.ts";
import type { XmlErrorCondition } from "./limits.ts";

const PREDEFINED: ReadonlyMap<string, string> = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["apos", "'"],
  ["quot", '"'],
]);

/** What a reference stands for (`text` without `&` and `;`); undefined where it is none of the allowed ones. */
export function decodeReference(text: string): string | undefined {
  if (text.charCodeAt(0) !== 35) return PREDEFINED.get(text);
  const hexadecimal = text.charCodeAt(1) === 120;
  const digits = text.slice(hexadecimal ? 2 : 1);
  if (!(hexadecimal ? /^[0-9A-Fa-f]+$/ : /^[0-9]+$/).test(digits)) return undefined;
  const code = Number.parseInt(digits, hexadecimal ? 16 : 10);
  return isXmlCharacter(code) ? String.fromCodePoint(code) : undefined;
}

/** Which error a reference deserves; undefined for a good one. RFC 6120 §11.1 allows the five predefined entities. */
export function referenceFault(text: string): XmlErrorCondition | undefined {
  if (decodeReference(text) !== undefined) return undefined;
  return isNcName(text) ? "restricted-xml" : "not-well-formed";
}

/** True where text has none of what decoding changes. */
export function isPlain(text: string): boolean {
  return !text.includes("&") && !text.includes("\n") && !text.includes("\r") && !text.includes("\t");
}

/** The value of an attribute whose references have been checked: white space becomes spaces, references are replaced. */
export function decodeValue(raw: string): string {
  return replaceReferences(raw.replace(/\r\n|[\t\n\r]/g, " "));
}

/** Character data whose references have been checked: line ends become line feeds, references are replaced. */
export function decodeText(raw: string): string {
  return replaceReferences(normalizeLineEnds(raw));
}

/** Line ends as line feeds. XML 1.0 §2.11. */
export function normalizeLineEnds(raw: string): string {
  return raw.includes("\r") ? raw.replace(/\r\n?/g, "\n") : raw;
}

function replaceReferences(text: string): string {
  let at = text.indexOf("&");
  if (at === -1) return text;
  let result = "";
  let from = 0;
  while (at !== -1) {
    const end = text.indexOf(";", at);
    result += text.slice(from, at) + (decodeReference(text.slice(at + 1, end)) ?? "");
    from = end + 1;
    at = text.indexOf("&", from);
  }
  return result + text.slice(from);
}
