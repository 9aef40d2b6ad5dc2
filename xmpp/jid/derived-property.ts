// Which characters PRECIS allows: the derived property of a code point and the contextual rules. RFC 8264 §8, §9; RFC 5892 appendix A.
import tr46 from "tr46";

/** Derived property of a code point. RFC 8264 §8. */
export type DerivedProperty =
  /** Allowed in both classes. */
  | "PVALID"
  /** Allowed in the FreeformClass, not in the IdentifierClass. */
  | "FREE_PVAL"
  | "CONTEXTJ"
  | "CONTEXTO"
  | "DISALLOWED"
  | "UNASSIGNED";

// RFC 8264 §9.6 (the exceptions of RFC 5892 §2.6).
const EXCEPTIONS_VALID = /^[\u00df\u03c2\u06fd\u06fe\u0f0b\u3007]$/u;
const EXCEPTIONS_CONTEXT = /^[\u00b7\u0375\u05f3\u05f4\u30fb\u0660-\u0669\u06f0-\u06f9]$/u;
const EXCEPTIONS_DISALLOWED = /^(?:[\u0640\u07fa\u3031-\u3035\u303b]|[\u302e\u302f])$/u;
/** Hangul_Syllable_Type L, V or T. RFC 8264 §9.9. */
const OLD_HANGUL_JAMO = /^[\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7c6\ud7cb-\ud7fb]$/u;
const UNASSIGNED = /^\p{Cn}$/u;
const IGNORABLE = /^[\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]$/u;
const LETTER_DIGIT = /^[\p{Ll}\p{Lu}\p{Lo}\p{Nd}\p{Lm}\p{Mn}\p{Mc}]$/u;
/** OtherLetterDigits, Spaces, Symbols and Punctuation. RFC 8264 §9.14 to §9.17. */
const FREEFORM = /^[\p{Lt}\p{Nl}\p{No}\p{Me}\p{Zs}\p{S}\p{P}]$/u;

/** What has been found of the Basic Multilingual Plane, so that a flood of odd text costs no more than odd text does. */
const found: (DerivedProperty | undefined)[] = new Array(0x10000).fill(undefined);

/** The derived property of a character (one code point). RFC 8264 §8. */
export function derivedProperty(character: string): DerivedProperty {
  const code = character.codePointAt(0) as number;
  if (code > 0xffff) return derive(character);
  found[code] ??= derive(character);
  return found[code];
}

/** In the order of RFC 8264 §8. */
function derive(character: string): DerivedProperty {
  const code = character.codePointAt(0) as number;
  if (EXCEPTIONS_VALID.test(character)) return "PVALID";
  if (EXCEPTIONS_CONTEXT.test(character)) return "CONTEXTO";
  if (EXCEPTIONS_DISALLOWED.test(character)) return "DISALLOWED";
  if (UNASSIGNED.test(character) && !IGNORABLE.test(character)) return "UNASSIGNED";
  if (code >= 0x21 && code <= 0x7e) return "PVALID";
  if (code === 0x200c || code === 0x200d) return "CONTEXTJ";
  if (OLD_HANGUL_JAMO.test(character) || IGNORABLE.test(character)) return "DISALLOWED";
  if (character.normalize("NFKC") !== character && code > 0x1f) return "FREE_PVAL";
  if (LETTER_DIGIT.test(character)) return "PVALID";
  return FREEFORM.test(character) ? "FREE_PVAL" : "DISALLOWED";
}

/** True where every character belongs to the class, contextual rules included. RFC 8264 §4.2, §4.3. */
export function belongsTo(stringClass: "IdentifierClass" | "FreeformClass", text: string): boolean {
  let contextual = false;
  for (const character of text)
    switch (derivedProperty(character)) {
      case "PVALID":
        break;
      case "FREE_PVAL":
        if (stringClass === "IdentifierClass") return false;
        break;
      case "CONTEXTJ":
      case "CONTEXTO":
        contextual = true;
        break;
      default:
        return false;
    }
  return !contextual || (joinersAllowed(text) && contextsAllowed(text));
}

/** For questions about text that is no domain: whether joiners and directions in it are right, and nothing else. */
const CONTEXT = { checkBidi: true, checkHyphens: false, checkJoiners: true, useSTD3ASCIIRules: false } as const;
const RUN = /[\p{L}\p{M}\u200c\u200d]+/gu;

/**
 * RFC 5892 appendix A.1 and A.2: a joiner stands after a virama, or between letters that join. JavaScript's regular
 * expressions do not know joining types, UTS #46 does: it is asked about each run of letters, marks and joiners.
 */
function joinersAllowed(text: string): boolean {
  for (const [run] of text.matchAll(RUN)) {
    if (!/[\u200c\u200d]/.test(run)) continue;
    if (tr46.toUnicode(run.replace(/^\p{M}+/u, ""), { ...CONTEXT, checkBidi: false }).error) return false;
  }
  return true;
}

/** RFC 5892 appendix A.3 to A.9. */
function contextsAllowed(text: string): boolean {
  if (text.includes("\u30fb") && !/[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u.test(text)) return false;
  if (/[\u0660-\u0669]/.test(text) && /[\u06f0-\u06f9]/.test(text)) return false;
  return !/(?<!l)\u00b7|\u00b7(?!l)|\u0375(?!\p{Script=Greek})|(?<!\p{Script=Hebrew})[\u05f3\u05f4]/u.test(text);
}

/** Blocks that have, or by default will have, characters of the Bidi classes R, AL and AN. Unicode DerivedBidiClass.txt. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * The Bidi Rule, for text with right-to-left characters. RFC 5893 §2. Bidi classes, too, are UTS #46's to know. It may
 * not be asked about punctuation, but all of ASCII's counts alike: allowed within, never where a text begins or ends.
 */
export function satisfiesBidiRule(text: string): boolean {
  if (!RIGHT_TO_LEFT.test(text)) return true;
  return !tr46.toUnicode(text.replace(/[!-/:-@[-`{-~]/g, "-"), { ...CONTEXT, checkJoiners: false }).error;
}
