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
  type ScanState,
  SLASH,
  TAG,
  TAG_NAME,
} from "./scan-state.ts";
import { beginValue, scanValue } from "./value-scanner.ts";

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

/** The state is changed behind the compiler's back. */
function inTag(s: ScanState): boolean {
  return s.state === TAG;
}

/** A tag within a child of the root, from after "<" on: taken at once if it is an end tag or known, else begun. */
export function takeTag(s: ScanState, text: string, i: number): number {
  s.state = OPEN;
  if (i >= text.length) return i;
  if (text.charCodeAt(i) === SLASH_CHARACTER) {
    const { innermost } = s.open;
    const close = i + 1 + innermost.length;
    if (close < text.length && text.charCodeAt(close) === GT && standsAt(innermost, text, i + 1))
      return endInnermost(s, text, close + 1);
    return i;
  }
  const known = knownTag(text, i);
  if (known === undefined) return i;
  if (!s.open.openKnown(known)) return s.refuse();
  s.state = CONTENT;
  return i + known.text.length;
}

/** From after "<" to the end of a start tag. */
export function scanTag(s: ScanState, text: string, from: number): number {
  const end = text.length;
  let i = from;
  while (i < end) {
    const c = text.charCodeAt(i);
    switch (s.state) {
      case TAG:
        if (c === SPACE_CHARACTER) {
          i = takeAttributes(s, text, i);
          if (!inTag(s)) return i;
        } else if (c <= 32 && isSpace(c)) {
          s.spaced = true;
          i++;
        } else if (c === GT) return endStartTag(s, text, i, false);
        else if (c === SLASH_CHARACTER) {
          s.state = SLASH;
          i++;
        } else if (!s.spaced) return s.fail("not-well-formed", "white space expected");
        else {
          s.state = ATTRIBUTE;
          s.mark = i;
        }
        break;
      case ATTRIBUTE:
      case TAG_NAME: {
        i = nameEnd(text, i);
        if (i < end && !takeName(s, text, i)) return i;
        break;
      }
      case EQUALS:
        if (c === EQUALS_CHARACTER) s.state = QUOTE;
        else if (!isSpace(c)) return s.fail("not-well-formed", "= expected");
        i++;
        break;
      case QUOTE:
        i++;
        if (c === DOUBLE_QUOTE || c === SINGLE_QUOTE) {
          beginValue(s, c, i);
          i = scanValue(s, text, i);
          if (!inTag(s)) return i;
        } else if (!isSpace(c)) return s.fail("not-well-formed", "quoted value expected");
        break;
      case SLASH:
        if (c !== GT) return s.fail("not-well-formed", "> expected");
        return endStartTag(s, text, i, true);
      default:
        i = afterOpen(s, c, i);
        if (s.state !== TAG_NAME) return i;
    }
  }
  return i;
}

/** From the space before an attribute on: takes attributes as long as they are written as they mostly are. */
function takeAttributes(s: ScanState, text: string, from: number): number {
  const end = text.length;
  let i = from;
  do {
    s.spaced = true;
    i++;
    const equals = nameEnd(text, i);
    if (equals + 1 >= end || text.charCodeAt(equals) !== EQUALS_CHARACTER) return i;
    const quote = text.charCodeAt(equals + 1);
    if (quote !== SINGLE_QUOTE && quote !== DOUBLE_QUOTE) return i;
    s.mark = i;
    s.state = ATTRIBUTE;
    if (!takeName(s, text, equals)) return i;
    beginValue(s, quote, equals + 2);
    i = scanValue(s, text, equals + 2);
  } while (inTag(s) && i < end && text.charCodeAt(i) === SPACE_CHARACTER);
  return i;
}

/** The character after "<". */
function afterOpen(s: ScanState, c: number, i: number): number {
  if (c === SLASH_CHARACTER) {
    s.state = END_TAG;
    s.mark = i + 1;
    return i + 1;
  }
  if (c === EXCLAMATION) {
    s.state = BANG;
    s.mark = i + 1;
    return i + 1;
  }
  if (c === QUESTION) return s.fail("restricted-xml", "processing instruction");
  s.state = TAG_NAME;
  s.mark = i;
  s.tagMark = i;
  return i;
}

/** Takes the name in hand, of the element or an attribute; false if it failed. */
function takeName(s: ScanState, text: string, end: number): boolean {
  let name: Name | undefined;
  if (s.token.isEmpty) name = nameAt(text, s.mark, end);
  else {
    const whole = s.takeToken(text, end);
    name = nameAt(whole, 0, whole.length);
  }
  if (name === undefined) s.fail("not-well-formed", "name expected");
  else if (s.state === TAG_NAME) {
    if (!s.open.beginTag(name)) {
      s.refuse();
      return false;
    }
    s.state = TAG;
    s.spaced = false;
    return true;
  } else if (!s.open.addAttribute(name)) s.refuse();
  else {
    s.state = EQUALS;
    return true;
  }
  return false;
}

/** The ">" of a start tag (or of an empty-element tag). */
function endStartTag(s: ScanState, text: string, i: number, empty: boolean): number {
  const { open } = s;
  if (!open.open()) return s.refuse();
  const after = i + 1;
  if (open.depth === 1) {
    if (empty) return s.fail("bad-format", "empty stream");
    if (!s.checkSize(text, after)) return after;
    s.headerDue = false;
    s.root = open.root();
    s.event = HEADER;
    s.state = GAP;
    return after;
  }
  if (s.tagMark !== -1) open.learn(text, s.tagMark, after);
  if (empty) {
    open.close();
    if (open.depth === 1) return endElement(s, text, after, "/>");
  } else if (open.depth === 2) s.tailMark = i;
  s.state = CONTENT;
  return after;
}

/** After "</". */
export function scanEndTag(s: ScanState, text: string, from: number): number {
  const end = text.length;
  let i = from;
  if (s.state === END_TAG) {
    const expected = s.open.innermost;
    i = nameEnd(text, i);
    const length = i - s.mark;
    if (s.token.isEmpty && i < end) {
      if (length !== expected.length || !standsAt(expected, text, s.mark)) return mismatch(s);
    } else if (i < end) {
      if (s.takeToken(text, i) !== expected) return mismatch(s);
    } else return i;
    s.state = END_TAG_SPACE;
  }
  while (i < end && isSpace(text.charCodeAt(i))) i++;
  if (i === end) return i;
  if (text.charCodeAt(i) !== GT) return mismatch(s);
  return endInnermost(s, text, i + 1);
}

/** The innermost element is complete. */
function endInnermost(s: ScanState, text: string, after: number): number {
  s.open.close();
  const { depth } = s.open;
  if (depth === 1) return endElement(s, text, after, undefined);
  if (depth === 0) {
    s.state = DEAF;
    s.event = CLOSE;
  } else s.state = CONTENT;
  return after;
}

function mismatch(s: ScanState): number {
  return s.fail("not-well-formed", "end tag does not match");
}

/** A child of the root is complete; `tail` where it is known without the text. */
function endElement(s: ScanState, text: string, after: number, tail: string | undefined): number {
  if (!s.checkSize(text, after)) return after;
  let whole = tail;
  if (whole === undefined) {
    const last = text.slice(s.tailMark, after);
    whole = s.tail.isEmpty ? last : s.tail.take(last);
  }
  s.tailMark = -1;
  s.element = s.open.element(whole);
  s.event = ELEMENT;
  s.state = GAP;
  return after;
}
