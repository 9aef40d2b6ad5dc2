// The part of the automaton within "<" and ">". XML 1.0 §3.1.
import { CLASS, isSpace, NAME } from "./characters.ts";
import { knownTag } from "./known-tags.ts";
import { type Name, nameAt, standsAt } from "./names.ts";
import {
  ATTRIBUTE,
  BANG,
  CLOSE,
  CONTENT,
  DEAF,
  ELEMENT,
  END_TAG,
  END_TAG_SPACE,
  EQUALS,
  GAP,
  HEADER,
  OPEN,
  QUOTE,
  SLASH,
  TAG,
  TAG_NAME,
} from "./scan-state.ts";
import { ValueScanner } from "./value-scanner.ts";

const GT = 62;
const EXCLAMATION = 33;
const QUESTION = 63;
const SLASH_CHARACTER = 47;
const SPACE_CHARACTER = 32;
const EQUALS_CHARACTER = 61;
const DOUBLE_QUOTE = 34;
const SINGLE_QUOTE = 39;

/** The index after what may be a name; `nameAt` looks more closely. */
function nameEnd(text: string, from: number): number {
  const end = text.length;
  let i = from;
  for (; i < end; i++) {
    const c = text.charCodeAt(i);
    if (c >= 97 && c <= 122) continue;
    if (c < 128 && ((CLASS[c] as number) & NAME) === 0) break;
  }
  return i;
}

/** Scans tags. Each method takes the index of the next character and gives the one where it stopped. */
export class TagScanner extends ValueScanner {
  /** Where the present text has the start tag in hand, -1 where it began in an earlier one. */
  private tagMark = -1;

  private get inTag(): boolean {
    return this.state === TAG;
  }

  protected override resume(): void {
    super.resume();
    this.tagMark = -1;
  }

  /** A tag within a child of the root, from after "<" on: taken at once if it is an end tag or known, else begun. */
  protected takeTag(text: string, i: number): number {
    this.state = OPEN;
    if (i >= text.length) return i;
    if (text.charCodeAt(i) === SLASH_CHARACTER) {
      const { innermost } = this.open;
      const close = i + 1 + innermost.length;
      if (close < text.length && text.charCodeAt(close) === GT && standsAt(innermost, text, i + 1))
        return this.endInnermost(text, close + 1);
      return i;
    }
    const known = knownTag(text, i);
    if (known === undefined) return i;
    if (!this.open.openKnown(known)) return this.refuse();
    this.state = CONTENT;
    return i + known.text.length;
  }

  /** From after "<" to the end of a start tag. */
  protected scanTag(text: string, from: number): number {
    const end = text.length;
    let i = from;
    while (i < end) {
      const c = text.charCodeAt(i);
      switch (this.state) {
        case TAG:
          if (c === SPACE_CHARACTER) {
            i = this.takeAttributes(text, i);
            if (!this.inTag) return i;
          } else if (c <= 32 && isSpace(c)) {
            this.spaced = true;
            i++;
          } else if (c === GT) return this.endStartTag(text, i, false);
          else if (c === SLASH_CHARACTER) {
            this.state = SLASH;
            i++;
          } else if (!this.spaced) return this.fail("not-well-formed", "white space expected");
          else {
            this.state = ATTRIBUTE;
            this.mark = i;
          }
          break;
        case ATTRIBUTE:
        case TAG_NAME: {
          i = nameEnd(text, i);
          if (i < end && !this.takeName(text, i)) return i;
          break;
        }
        case EQUALS:
          if (c === EQUALS_CHARACTER) this.state = QUOTE;
          else if (!isSpace(c)) return this.fail("not-well-formed", "= expected");
          i++;
          break;
        case QUOTE:
          i++;
          if (c === DOUBLE_QUOTE || c === SINGLE_QUOTE) {
            this.beginValue(c, i);
            i = this.scanValue(text, i);
            if (!this.inTag) return i;
          } else if (!isSpace(c)) return this.fail("not-well-formed", "quoted value expected");
          break;
        case SLASH:
          if (c !== GT) return this.fail("not-well-formed", "> expected");
          return this.endStartTag(text, i, true);
        default:
          i = this.afterOpen(c, i);
          if (this.state !== TAG_NAME) return i;
      }
    }
    return i;
  }

  /** From the space before an attribute on: takes attributes as long as they are written as they mostly are. */
  private takeAttributes(text: string, from: number): number {
    const end = text.length;
    let i = from;
    do {
      this.spaced = true;
      i++;
      const equals = nameEnd(text, i);
      if (equals + 1 >= end || text.charCodeAt(equals) !== EQUALS_CHARACTER) return i;
      const quote = text.charCodeAt(equals + 1);
      if (quote !== SINGLE_QUOTE && quote !== DOUBLE_QUOTE) return i;
      this.mark = i;
      this.state = ATTRIBUTE;
      if (!this.takeName(text, equals)) return i;
      this.beginValue(quote, equals + 2);
      i = this.scanValue(text, equals + 2);
    } while (this.inTag && i < end && text.charCodeAt(i) === SPACE_CHARACTER);
    return i;
  }

  /** The character after "<". */
  private afterOpen(c: number, i: number): number {
    if (c === SLASH_CHARACTER) {
      this.state = END_TAG;
      this.mark = i + 1;
      return i + 1;
    }
    if (c === EXCLAMATION) {
      this.state = BANG;
      this.mark = i + 1;
      return i + 1;
    }
    if (c === QUESTION) return this.fail("restricted-xml", "processing instruction");
    this.state = TAG_NAME;
    this.mark = i;
    this.tagMark = i;
    return i;
  }

  /** Takes the name in hand, of the element or an attribute; false if it failed. */
  private takeName(text: string, end: number): boolean {
    let name: Name | undefined;
    if (this.token.isEmpty) name = nameAt(text, this.mark, end);
    else {
      const whole = this.takeToken(text, end);
      name = nameAt(whole, 0, whole.length);
    }
    if (name === undefined) this.fail("not-well-formed", "name expected");
    else if (this.state === TAG_NAME) {
      if (!this.open.beginTag(name)) {
        this.refuse();
        return false;
      }
      this.state = TAG;
      this.spaced = false;
      return true;
    } else if (!this.open.addAttribute(name)) this.refuse();
    else {
      this.state = EQUALS;
      return true;
    }
    return false;
  }

  /** The ">" of a start tag (or of an empty-element tag). */
  private endStartTag(text: string, i: number, empty: boolean): number {
    const { open } = this;
    if (!open.open()) return this.refuse();
    const after = i + 1;
    if (open.depth === 1) {
      if (empty) return this.fail("bad-format", "empty stream");
      if (!this.checkSize(text, after)) return after;
      this.headerDue = false;
      this.root = open.root();
      this.event = HEADER;
      this.state = GAP;
      return after;
    }
    if (this.tagMark !== -1) open.learn(text, this.tagMark, after);
    if (empty) {
      open.close();
      if (open.depth === 1) return this.endElement(text, after, "/>");
    } else if (open.depth === 2) this.tailMark = i;
    this.state = CONTENT;
    return after;
  }

  /** After "</". */
  protected scanEndTag(text: string, from: number): number {
    const end = text.length;
    let i = from;
    if (this.state === END_TAG) {
      const expected = this.open.innermost;
      i = nameEnd(text, i);
      const length = i - this.mark;
      if (this.token.isEmpty && i < end) {
        if (length !== expected.length || !standsAt(expected, text, this.mark)) return this.mismatch();
      } else if (i < end) {
        if (this.takeToken(text, i) !== expected) return this.mismatch();
      } else return i;
      this.state = END_TAG_SPACE;
    }
    while (i < end && isSpace(text.charCodeAt(i))) i++;
    if (i === end) return i;
    if (text.charCodeAt(i) !== GT) return this.mismatch();
    return this.endInnermost(text, i + 1);
  }

  /** The innermost element is complete. */
  private endInnermost(text: string, after: number): number {
    this.open.close();
    const { depth } = this.open;
    if (depth === 1) return this.endElement(text, after, undefined);
    if (depth === 0) {
      this.state = DEAF;
      this.event = CLOSE;
    } else this.state = CONTENT;
    return after;
  }

  private mismatch(): number {
    return this.fail("not-well-formed", "end tag does not match");
  }

  /** A child of the root is complete; `tail` where it is known without the text. */
  private endElement(text: string, after: number, tail: string | undefined): number {
    if (!this.checkSize(text, after)) return after;
    let whole = tail;
    if (whole === undefined) {
      const last = text.slice(this.tailMark, after);
      whole = this.tail.isEmpty ? last : this.tail.take(last);
    }
    this.tailMark = -1;
    this.element = this.open.element(whole);
    this.event = ELEMENT;
    this.state = GAP;
    return after;
  }
}
