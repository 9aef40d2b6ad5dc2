// The one state of a scan: where it stands between two pieces of text, what it has gathered, how it fails.
import { Gather } from "./gather.ts";
import type { XmlErrorCondition, XmlLimits } from "./limits.ts";
import { OpenElements, type RootTag } from "./open-elements.ts";
import type { RawElement } from "./raw-element.ts";

/** What a scan stopped at: NOTHING (the text is used up), or one of the following. */
export const NOTHING = 0;
export const HEADER = 1;
export const ELEMENT = 2;
export const CLOSE = 3;
export const WHITESPACE = 4;
export const ERROR = 5;

/** Before the root. */
export const PROLOG = 0;
/** Between the children of the root. */
export const GAP = 1;
/** Nothing is read any more. */
export const DEAF = 2;
/** In text within a child of the root. */
export const CONTENT = 3;
/** In a CDATA section. */
export const CDATA = 4;
/** After "<" in the prolog. */
export const PROLOG_OPEN = 5;
/** After "<". */
export const OPEN = 6;
/** In a start tag, before an attribute or the end. */
export const TAG = 7;
/** After the name of an attribute. */
export const EQUALS = 8;
/** After "=". */
export const QUOTE = 9;
/** After "/" of an empty-element tag. */
export const SLASH = 10;
/** After the name of an end tag. */
export const END_TAG_SPACE = 11;
/** In a reference, in content or in a value. */
export const REFERENCE = 12;
// From here on the state has a token in hand, that `mark` begins and `token` gathers.
export const TAG_NAME = 13;
export const ATTRIBUTE = 14;
export const ATTRIBUTE_VALUE = 15;
export const END_TAG = 16;
/** After "<!". */
export const BANG = 17;
/** After "<?". */
export const DECLARATION = 18;

const BRACKET = 93;
/** UTF-8 bytes of a stream header. */
const LONGEST_HEADER = 16_384;

/**
 * A document that is scanned: a stream (whose root is reported once open, then each of its children as a whole), or
 * elements alone. The functions that scan (`scanner.ts`) change it; others read what the last scan stopped at.
 */
export class ScanState {
  /** Why the last scan stopped. */
  event = NOTHING;
  condition: XmlErrorCondition = "not-well-formed";
  fault = "";
  /** The last root opened, and the last child of it that was completed. */
  root: RootTag | undefined;
  element: RawElement | undefined;

  readonly open: OpenElements;
  state = PROLOG;

  // Where in the present text the token, the element and its tail began; what came before is gathered.
  mark = 0;
  elementMark = 0;
  tailMark = -1;
  readonly token = new Gather();
  readonly tail = new Gather();
  bytesBefore = 0;
  /** The root has not been told yet. */
  headerDue = true;

  /** White space came before what may be an attribute. */
  spaced = false;
  quote = 0;
  /** The value has references or white space that becomes spaces. */
  encoded = false;
  readonly reference = new Gather();
  referenceMark = 0;
  referenceIn = CONTENT;
  /** How many "]" ended the text before this one, 2 at most, for "]]>" across a split. */
  brackets = 0;

  /** Where the present text has the start tag in hand, -1 where it began in an earlier one. */
  tagMark = -1;
  /** False once white space came first, so that an XML declaration is out of place. XML 1.0 §2.8. */
  mayDeclare = true;
  /** White space of the stream before may still come. */
  lenient = false;

  constructor(limits: XmlLimits) {
    this.open = new OpenElements(limits);
  }

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

  private clear(state: number): void {
    this.state = state;
    this.headerDue = state === PROLOG;
    this.open.clear(undefined);
    this.token.clear();
    this.tail.clear();
    this.reference.clear();
    this.tailMark = -1;
    this.bytesBefore = 0;
    this.brackets = 0;
  }

  /** A new text goes on where the last one ended. */
  resume(): void {
    this.mark = 0;
    this.elementMark = 0;
    this.referenceMark = 0;
    this.tagMark = -1;
    if (this.tailMark !== -1) this.tailMark = 0;
  }

  /** The text ends: keeps what is needed of it, and checks that the element is not too long already. */
  suspend(text: string): void {
    const { state } = this;
    if (state === GAP || state === PROLOG || state === DEAF) return;
    this.bytesBefore += Buffer.byteLength(text.slice(this.elementMark));
    if (this.bytesBefore > this.mostBytes) {
      this.fail("policy-violation", "element too large");
      return;
    }
    if (this.tailMark !== -1) this.tail.add(text.slice(this.tailMark));
    if (state >= TAG_NAME || (state === REFERENCE && this.referenceIn === ATTRIBUTE_VALUE))
      this.token.add(text.slice(this.mark));
    if (state === REFERENCE) this.reference.add(text.slice(this.referenceMark));
    this.countBrackets(text);
  }

  /** Bytes of what is in hand: a stream header is short, since what it declares is kept and may be written often. */
  private get mostBytes(): number {
    const { maxElementBytes } = this.open.limits;
    return this.headerDue ? Math.min(LONGEST_HEADER, maxElementBytes) : maxElementBytes;
  }

  private countBrackets(text: string): void {
    let count = 0;
    while (count < 2 && count < text.length && text.charCodeAt(text.length - 1 - count) === BRACKET) count++;
    this.brackets = count === text.length ? Math.min(2, this.brackets + count) : count;
  }

  /** True where "]]" stands before an index of the text. */
  afterBrackets(text: string, i: number): boolean {
    if (i >= 2) return text.charCodeAt(i - 1) === BRACKET && text.charCodeAt(i - 2) === BRACKET;
    return i === 0 ? this.brackets === 2 : text.charCodeAt(0) === BRACKET && this.brackets >= 1;
  }

  /** The token in hand, which ends before `end`. */
  takeToken(text: string, end: number): string {
    const last = text.slice(this.mark, end);
    return this.token.isEmpty ? last : this.token.take(last);
  }

  /** False (and failed) where the element, which ends before `end`, is larger than allowed. */
  checkSize(text: string, end: number): boolean {
    const maxElementBytes = this.mostBytes;
    const length = end - this.elementMark;
    let fits = this.bytesBefore + length <= maxElementBytes;
    // A UTF-16 unit is at most 3 bytes, so that counting is seldom needed.
    if (fits && this.bytesBefore + 3 * length > maxElementBytes)
      fits = this.bytesBefore + Buffer.byteLength(text.slice(this.elementMark, end)) <= maxElementBytes;
    this.bytesBefore = 0;
    if (!fits) this.fail("policy-violation", "element too large");
    return fits;
  }

  /** Ends the scan with an error. */
  fail(condition: XmlErrorCondition, fault: string): number {
    this.clear(DEAF);
    this.event = ERROR;
    this.condition = condition;
    this.fault = fault;
    return Number.MAX_SAFE_INTEGER;
  }

  /** Ends the scan with the error that the open elements found. */
  refuse(): number {
    return this.fail(this.open.verdict.condition, this.open.verdict.fault);
  }
}
