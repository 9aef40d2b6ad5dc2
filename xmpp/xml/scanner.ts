// The XML automaton: finds the extent of elements in text that may be split anywhere, and checks every rule on the way.
import { CLASS, isNonAsciiCharacter, isSpace, TEXT } from "./characters.ts";
import { declarationFault } from "./declaration.ts";
import type { XmlLimits } from "./limits.ts";
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
  TAG_NAME,
  WHITESPACE,
} from "./scan-state.ts";
import { TagScanner } from "./tag-scanner.ts";

const CDATA_OPEN = "[CDATA[";
/** UTF-16 units of an XML declaration; a longer one serves nobody. */
const LONGEST_DECLARATION = 256;

const LT = 60;
const GT = 62;
const AMPERSAND = 38;
const QUESTION = 63;
const EXCLAMATION = 33;
const SLASH = 47;

/**
 * Scans one document: a stream (whose root is reported once open, then each of its children as a whole), or elements
 * alone. Each call of `scan` goes on where the last one stopped; a surrogate pair must not be split.
 */
export class Scanner extends TagScanner {
  /** False once white space came first, so that an XML declaration is out of place. XML 1.0 §2.8. */
  private mayDeclare = true;
  private lenient = false;

  setLimits(limits: XmlLimits): void {
    this.open.verdict.setLimits(limits);
  }

  /** Expects a stream header; `lenient` where white space of the stream before may still come. RFC 6120 §4.3.3. */
  startStream(lenient: boolean): void {
    this.clear(PROLOG);
    this.mayDeclare = true;
    this.lenient = lenient;
  }

  /** Expects elements as if within a stream that declares no more than a default namespace. */
  startContent(defaultNamespace: string): void {
    this.clear(GAP);
    this.open.clear(defaultNamespace);
  }

  /** Reads nothing any more. */
  stop(): void {
    this.clear(DEAF);
  }

  /** True between elements. */
  get idle(): boolean {
    return this.state === GAP || this.state === PROLOG || this.state === DEAF;
  }

  /** Scans `text` from an index on, up to the next event or the end; gives the index where it stopped. */
  scan(text: string, from: number): number {
    const end = text.length;
    this.event = NOTHING;
    if (from === 0) this.resume();
    let i = from;
    while (i < end && this.event === NOTHING) i = this.step(text, i);
    if (this.event === NOTHING) this.suspend(text);
    return Math.min(i, end);
  }

  private step(text: string, i: number): number {
    switch (this.state) {
      case GAP:
        return this.scanGap(text, i);
      case CONTENT:
        return this.scanContent(text, i);
      case ATTRIBUTE_VALUE:
        return this.scanValue(text, i);
      case END_TAG:
      case END_TAG_SPACE:
        return this.scanEndTag(text, i);
      case REFERENCE:
        return this.scanReference(text, i);
      case BANG:
        return this.scanBang(text, i);
      case CDATA:
        return this.scanCdata(text, i);
      case PROLOG:
      case PROLOG_OPEN:
      case DECLARATION:
        return this.scanProlog(text, i);
      case DEAF:
        return text.length;
      default:
        return this.scanTag(text, i);
    }
  }

  /** Before the root: white space, an XML declaration, "<". */
  private scanProlog(text: string, from: number): number {
    const c = text.charCodeAt(from);
    if (this.state === DECLARATION) return this.scanDeclaration(text, from);
    if (this.state === PROLOG) {
      if (isSpace(c)) {
        if (!this.lenient) this.mayDeclare = false;
      } else if (c === LT) {
        this.state = PROLOG_OPEN;
        this.elementMark = from;
      } else return this.fail("not-well-formed", "text before the root");
      return from + 1;
    }
    if (c === EXCLAMATION) return this.fail("restricted-xml", "comment or DTD");
    if (c === SLASH) return this.fail("not-well-formed", "end tag before the root");
    this.mark = from;
    if (c !== QUESTION) {
      this.state = TAG_NAME;
      return from;
    }
    this.state = DECLARATION;
    this.mark = from + 1;
    return from + 1;
  }

  /** After "<?". */
  private scanDeclaration(text: string, from: number): number {
    const close = text.indexOf(">", from);
    const end = close === -1 ? text.length : close;
    if (this.token.length + end - this.mark > LONGEST_DECLARATION)
      return this.fail("restricted-xml", "processing instruction");
    if (close === -1) return end;
    const fault = declarationFault(this.takeToken(text, close), this.mayDeclare);
    if (fault !== undefined) return this.fail(fault, "not the XML declaration of a stream");
    this.mayDeclare = false;
    this.lenient = false;
    this.bytesBefore = 0;
    this.state = PROLOG;
    return close + 1;
  }

  /** Between the children of the root: white space, "<". */
  private scanGap(text: string, from: number): number {
    const end = text.length;
    let i = from;
    while (i < end && isSpace(text.charCodeAt(i))) i++;
    if (i > from) {
      this.event = WHITESPACE;
      return i;
    }
    if (text.charCodeAt(i) !== LT) return this.fail("bad-format", "text between elements");
    this.elementMark = i;
    this.state = OPEN;
    return this.scanTag(text, i + 1);
  }

  /** Text within a child of the root, and the tags in it that can be taken at once. XML 1.0 §2.4 [14]. */
  private scanContent(text: string, from: number): number {
    const end = text.length;
    for (let i = from; i < end; i++) {
      const c = text.charCodeAt(i);
      if (c > GT ? c < 0xd800 : c !== LT && c < 128 && ((CLASS[c] as number) & TEXT) !== 0) continue;
      if (c === LT) {
        i = this.takeTag(text, i + 1);
        if (this.state !== CONTENT) return i;
        i--;
      } else if (c === AMPERSAND) return this.beginReference(CONTENT, i + 1);
      else if (c === GT) {
        if (this.afterBrackets(text, i)) return this.fail("not-well-formed", "]]> in text");
      } else if (c < 128 || !isNonAsciiCharacter(text, i)) return this.fail("not-well-formed", "no character of XML");
      else if (c < 0xe000) i++;
    }
    return end;
  }

  /** After "<!": a CDATA section within an element, else nothing that XMPP allows. RFC 6120 §11.1. */
  private scanBang(text: string, from: number): number {
    const seen = this.token.length + from - this.mark;
    const c = text[from];
    if (c !== CDATA_OPEN[seen]) {
      const restricted = seen === 0 && c !== undefined && /[-A-Za-z]/.test(c);
      return this.fail(restricted ? "restricted-xml" : "not-well-formed", "comment, DTD or worse");
    }
    if (this.open.depth === 1) return this.fail("bad-format", "text between elements");
    if (seen === CDATA_OPEN.length - 1) {
      this.token.clear();
      this.state = CDATA;
    }
    return from + 1;
  }

  /** Within a CDATA section. XML 1.0 §2.7. */
  private scanCdata(text: string, from: number): number {
    const end = text.length;
    for (let i = from; i < end; i++) {
      const c = text.charCodeAt(i);
      if (c === GT) {
        if (!this.afterBrackets(text, i)) continue;
        this.state = CONTENT;
        return i + 1;
      }
      if (c < 128 ? c >= 32 || isSpace(c) : c < 0xd800) continue;
      if (c < 128 || !isNonAsciiCharacter(text, i)) return this.fail("not-well-formed", "no character of XML");
      if (c < 0xe000) i++;
    }
    return end;
  }
}
