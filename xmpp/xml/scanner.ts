// The XML automaton: finds the extent of elements in text that may be split anywhere, and checks every rule on the way.
import { CLASS, isNonAsciiCharacter, isSpace, TEXT } from "./characters.ts";
import { declarationFault } from "./declaration.ts";
import {
  ATTRIBUTE_VALUE,
  BANG,
  CDATA,
  CONTENT,
  DEAF,
  DECLARATION,
  END_TAG,
  END_TAG_SPACE,
  GAP,
  NOTHING,
  OPEN,
  PROLOG,
  PROLOG_OPEN,
  REFERENCE,
  type ScanState,
  TAG_NAME,
  WHITESPACE,
} from "./scan-state.ts";
import { scanEndTag, scanTag, takeTag } from "./tag-scanner.ts";
import { beginReference, scanReference, scanValue } from "./value-scanner.ts";

const CDATA_OPEN = "[CDATA[";
/** UTF-16 units of an XML declaration; a longer one serves nobody. */
const LONGEST_DECLARATION = 256;

const LT = 60;
const GT = 62;
const AMPERSAND = 38;
const QUESTION = 63;
const EXCLAMATION = 33;
const SLASH = 47;

/** Scans `text` from an index on, up to the next event or the end; gives the index where it stopped. */
export function scan(s: ScanState, text: string, from: number): number {
  const end = text.length;
  s.event = NOTHING;
  if (from === 0) s.resume();
  let i = from;
  while (i < end && s.event === NOTHING) i = step(s, text, i);
  if (s.event === NOTHING) s.suspend(text);
  return Math.min(i, end);
}

function step(s: ScanState, text: string, i: number): number {
  switch (s.state) {
    case GAP:
      return scanGap(s, text, i);
    case CONTENT:
      return scanContent(s, text, i);
    case ATTRIBUTE_VALUE:
      return scanValue(s, text, i);
    case END_TAG:
    case END_TAG_SPACE:
      return scanEndTag(s, text, i);
    case REFERENCE:
      return scanReference(s, text, i);
    case BANG:
      return scanBang(s, text, i);
    case CDATA:
      return scanCdata(s, text, i);
    case PROLOG:
    case PROLOG_OPEN:
    case DECLARATION:
      return scanProlog(s, text, i);
    case DEAF:
      return text.length;
    default:
      return scanTag(s, text, i);
  }
}

/** Before the root: white space, an XML declaration, "<". */
function scanProlog(s: ScanState, text: string, from: number): number {
  const c = text.charCodeAt(from);
  if (s.state === DECLARATION) return scanDeclaration(s, text, from);
  if (s.state === PROLOG) {
    if (isSpace(c)) {
      if (!s.lenient) s.mayDeclare = false;
    } else if (c === LT) {
      s.state = PROLOG_OPEN;
      s.elementMark = from;
    } else return s.fail("not-well-formed", "text before the root");
    return from + 1;
  }
  if (c === EXCLAMATION) return s.fail("restricted-xml", "comment or DTD");
  if (c === SLASH) return s.fail("not-well-formed", "end tag before the root");
  s.mark = from;
  if (c !== QUESTION) {
    s.state = TAG_NAME;
    return from;
  }
  s.state = DECLARATION;
  s.mark = from + 1;
  return from + 1;
}

/** After "<?". */
function scanDeclaration(s: ScanState, text: string, from: number): number {
  const close = text.indexOf(">", from);
  const end = close === -1 ? text.length : close;
  if (s.token.length + end - s.mark > LONGEST_DECLARATION) return s.fail("restricted-xml", "processing instruction");
  if (close === -1) return end;
  const fault = declarationFault(s.takeToken(text, close), s.mayDeclare);
  if (fault !== undefined) return s.fail(fault, "not the XML declaration of a stream");
  s.mayDeclare = false;
  s.lenient = false;
  s.bytesBefore = 0;
  s.state = PROLOG;
  return close + 1;
}

/** Between the children of the root: white space, "<". */
function scanGap(s: ScanState, text: string, from: number): number {
  const end = text.length;
  let i = from;
  while (i < end && isSpace(text.charCodeAt(i))) i++;
  if (i > from) {
    s.event = WHITESPACE;
    return i;
  }
  if (text.charCodeAt(i) !== LT) return s.fail("bad-format", "text between elements");
  s.elementMark = i;
  s.state = OPEN;
  return scanTag(s, text, i + 1);
}

/** Text within a child of the root, and the tags in it that can be taken at once. XML 1.0 §2.4 [14]. */
function scanContent(s: ScanState, text: string, from: number): number {
  const end = text.length;
  for (let i = from; i < end; i++) {
    const c = text.charCodeAt(i);
    if (c > GT ? c < 0xd800 : c !== LT && c < 128 && ((CLASS[c] as number) & TEXT) !== 0) continue;
    if (c === LT) {
      i = takeTag(s, text, i + 1);
      if (s.state !== CONTENT) return i;
      i--;
    } else if (c === AMPERSAND) return beginReference(s, CONTENT, i + 1);
    else if (c === GT) {
      if (s.afterBrackets(text, i)) return s.fail("not-well-formed", "]]> in text");
    } else if (c < 128 || !isNonAsciiCharacter(text, i)) return s.fail("not-well-formed", "no character of XML");
    else if (c < 0xe000) i++;
  }
  return end;
}

/** After "<!": a CDATA section within an element, else nothing that XMPP allows. RFC 6120 §11.1. */
function scanBang(s: ScanState, text: string, from: number): number {
  const seen = s.token.length + from - s.mark;
  const c = text[from];
  if (c !== CDATA_OPEN[seen]) {
    const restricted = seen === 0 && c !== undefined && /[-A-Za-z]/.test(c);
    return s.fail(restricted ? "restricted-xml" : "not-well-formed", "comment, DTD or worse");
  }
  if (s.open.depth === 1) return s.fail("bad-format", "text between elements");
  if (seen === CDATA_OPEN.length - 1) {
    s.token.clear();
    s.state = CDATA;
  }
  return from + 1;
}

/** Within a CDATA section. XML 1.0 §2.7. */
function scanCdata(s: ScanState, text: string, from: number): number {
  const end = text.length;
  for (let i = from; i < end; i++) {
    const c = text.charCodeAt(i);
    if (c === GT) {
      if (!s.afterBrackets(text, i)) continue;
      s.state = CONTENT;
      return i + 1;
    }
    if (c < 128 ? c >= 32 || isSpace(c) : c < 0xd800) continue;
    if (c < 128 || !isNonAsciiCharacter(text, i)) return s.fail("not-well-formed", "no character of XML");
    if (c < 0xe000) i++;
  }
  return end;
}
