// The part of the automaton within attribute values and references. XML 1.0 §2.3 [10], §4.1.
import { CLASS, isNonAsciiCharacter, isSpace, NAME, VALUE } from "./characters.ts";
import { decodeValue, referenceFault } from "./references.ts";
import { ATTRIBUTE_VALUE, REFERENCE, type ScanState, TAG } from "./scan-state.ts";

const LT = 60;
const AMPERSAND = 38;
const SEMICOLON = 59;
const HASH = 35;
/** UTF-16 units of a reference; a longer one serves nobody. */
const LONGEST_REFERENCE = 256;

// Each function takes the index of the next character and gives the one where it stopped.

export function beginValue(s: ScanState, quote: number, mark: number): void {
  s.state = ATTRIBUTE_VALUE;
  s.quote = quote;
  s.encoded = false;
  s.mark = mark;
}

/** Within an attribute's value. */
export function scanValue(s: ScanState, text: string, from: number): number {
  const end = text.length;
  const { quote } = s;
  for (let i = from; i < end; i++) {
    const c = text.charCodeAt(i);
    if (c > LT ? c < 0xd800 : ((CLASS[c] as number) & VALUE) !== 0) continue;
    if (c === quote) return endValue(s, text, i);
    if (c === AMPERSAND) {
      s.encoded = true;
      return beginReference(s, ATTRIBUTE_VALUE, i + 1);
    }
    if (isSpace(c)) s.encoded = true;
    else if (c === LT) return s.fail("not-well-formed", "< in a value");
    else if (c >= 128) {
      if (!isNonAsciiCharacter(text, i)) return s.fail("not-well-formed", "no character of XML");
      if (c < 0xe000) i++;
    } else if (c < 32) return s.fail("not-well-formed", "control character");
  }
  return end;
}

function endValue(s: ScanState, text: string, i: number): number {
  if (s.open.wantsValue) {
    const value = s.takeToken(text, i);
    if (!s.open.setValue(s.encoded ? decodeValue(value) : value)) return s.refuse();
  } else s.token.clear();
  s.state = TAG;
  s.spaced = false;
  return i + 1;
}

export function beginReference(s: ScanState, within: number, i: number): number {
  s.referenceIn = within;
  s.referenceMark = i;
  s.state = REFERENCE;
  return i;
}

/** After "&". */
export function scanReference(s: ScanState, text: string, from: number): number {
  const end = text.length;
  // The index where the reference is longer than allowed, wherever the text was split.
  const tooFar = s.referenceMark + LONGEST_REFERENCE - s.reference.length;
  for (let i = from; i < end && i <= tooFar; i++) {
    const c = text.charCodeAt(i);
    if (c === SEMICOLON) {
      const reference = s.reference.take(text.slice(s.referenceMark, i));
      const fault = referenceFault(reference);
      if (fault !== undefined) return s.fail(fault, "reference not allowed");
      s.state = s.referenceIn;
      return i + 1;
    }
    if (c < 128 && c !== HASH && ((CLASS[c] as number) & NAME) === 0)
      return s.fail("not-well-formed", "reference without end");
  }
  if (end > tooFar) return s.fail("policy-violation", "reference too long");
  return end;
}
