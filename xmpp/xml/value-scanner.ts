// The part of the automaton within attribute values and references. XML 1.0 §2.3 [10], §4.1.
import { CLASS, isNonAsciiCharacter, isSpace, NAME, VALUE } from "./characters.ts";
import { decodeValue, referenceFault } from "./references.ts";
import { ATTRIBUTE_VALUE, REFERENCE, ScanState, TAG } from "./scan-state.ts";

const LT = 60;
const AMPERSAND = 38;
const SEMICOLON = 59;
const HASH = 35;
/** UTF-16 units of a reference; a longer one serves nobody. */
const LONGEST_REFERENCE = 256;

/** Scans values and references. Each method takes the index of the next character and gives the one where it stopped. */
export class ValueScanner extends ScanState {
  protected beginValue(quote: number, mark: number): void {
    this.state = ATTRIBUTE_VALUE;
    this.quote = quote;
    this.encoded = false;
    this.mark = mark;
  }

  /** Within an attribute's value. */
  protected scanValue(text: string, from: number): number {
    const end = text.length;
    const { quote } = this;
    for (let i = from; i < end; i++) {
      const c = text.charCodeAt(i);
      if (c > LT ? c < 0xd800 : ((CLASS[c] as number) & VALUE) !== 0) continue;
      if (c === quote) return this.endValue(text, i);
      if (c === AMPERSAND) {
        this.encoded = true;
        return this.beginReference(ATTRIBUTE_VALUE, i + 1);
      }
      if (isSpace(c)) this.encoded = true;
      else if (c === LT) return this.fail("not-well-formed", "< in a value");
      else if (c >= 128) {
        if (!isNonAsciiCharacter(text, i)) return this.fail("not-well-formed", "no character of XML");
        if (c < 0xe000) i++;
      } else if (c < 32) return this.fail("not-well-formed", "control character");
    }
    return end;
  }

  private endValue(text: string, i: number): number {
    if (this.open.wantsValue) {
      const value = this.takeToken(text, i);
      if (!this.open.setValue(this.encoded ? decodeValue(value) : value)) return this.refuse();
    } else this.token.clear();
    this.state = TAG;
    this.spaced = false;
    return i + 1;
  }

  protected beginReference(within: number, i: number): number {
    this.referenceIn = within;
    this.referenceMark = i;
    this.state = REFERENCE;
    return i;
  }

  /** After "&". */
  protected scanReference(text: string, from: number): number {
    const end = text.length;
    // The index where the reference is longer than allowed, wherever the text was split.
    const tooFar = this.referenceMark + LONGEST_REFERENCE - this.reference.length;
    for (let i = from; i < end && i <= tooFar; i++) {
      const c = text.charCodeAt(i);
      if (c === SEMICOLON) {
        const reference = this.reference.take(text.slice(this.referenceMark, i));
        const fault = referenceFault(reference);
        if (fault !== undefined) return this.fail(fault, "reference not allowed");
        this.state = this.referenceIn;
        return i + 1;
      }
      if (c < 128 && c !== HASH && ((CLASS[c] as number) & NAME) === 0)
        return this.fail("not-well-formed", "reference without end");
    }
    if (end > tooFar) return this.fail("policy-violation", "reference too long");
    return end;
  }
}
