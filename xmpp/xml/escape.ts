// Escaping of text and attribute values for writing. XML 1.0 §2.4.

const SPECIAL = /[&<>"'\t\n\r]/;
const SPECIALS = /[&<>"'\t\n\r]/g;

/** Escapes for an attribute value in either quotes (white space kept by references); fine for text as well. */
export function escapeAttribute(value: string): string {
  return SPECIAL.test(value) ? value.replace(SPECIALS, replacement) : value;
}

function replacement(character: string): string {
  switch (character) {
    case "&":
      return "&amp;";
    case "<":
      return "&lt;";
    case ">":
      return "&gt;";
    case '"':
      return "&quot;";
    case "'":
      return "&apos;";
    default:
      return `&#${character.charCodeAt(0)};`;
  }
}

const TEXT_SPECIAL = /[&<\r]|\]\]>/;

/** Escapes for character data; ">" only where it would end a CDATA section (XML 1.0 §2.4), since text must not grow. */
export function escapeText(value: string): string {
  return TEXT_SPECIAL.test(value) ? value.replace(/[&<\r]|(?<=\]\])>/g, replacement) : value;
}
