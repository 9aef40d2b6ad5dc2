// Text of a stream to stream events: header, whole children, close; strict, and split anywhere. RFC 6120 §4, §11.
import type { XmlErrorCondition, XmlLimits } from "./limits.ts";
import { NS_STREAM } from "./namespaces.ts";
import type { RootTag } from "./open-elements.ts";
import type { RawElement } from "./raw-element.ts";
import { CLOSE, ELEMENT, ERROR, HEADER, NOTHING, ScanState, WHITESPACE } from "./scan-state.ts";
import { scan } from "./scanner.ts";

export { DEFAULT_XML_LIMITS, type XmlErrorCondition, XmlFailure, type XmlLimits } from "./limits.ts";

/** A stream header, decoded. RFC 6120 §4.7, §4.8. */
export interface StreamHeader {
  /** Prefix of the root, "" for none; `stream` as a rule. */
  readonly prefix: string;
  readonly name: string;
  readonly xmlns: string;
  /** The content namespace if it is declared as the default one, "" where none is. */
  readonly defaultNamespace: string;
  readonly to: string | undefined;
  readonly from: string | undefined;
  readonly id: string | undefined;
  readonly version: string | undefined;
  readonly lang: string | undefined;
  /** Name as written, decoded value, and so on; declarations included. */
  readonly attributes: readonly string[];
  /** Declared prefixes and their namespaces. */
  readonly prefixes: ReadonlyMap<string, string>;
}

/** What the tokenizer tells; each may call any of its methods. */
export interface TokenizerEvents {
  streamOpen(header: StreamHeader): void;
  /** A complete child of the stream. */
  element(raw: RawElement): void;
  /** The peer closed its side; nothing comes after it until `reset`. */
  streamClose(): void;
  /** White space between elements (a keep-alive). RFC 6120 §4.6.1. */
  whitespace(): void;
  /** The text breaks the rules; comes once, and nothing after it until `reset`. */
  error(condition: XmlErrorCondition, text: string): void;
}

/**
 * Tokenizer of one direction of a stream. Attribute values and tails are slices of the text written, and keep it
 * alive: whoever stores a short one for long should copy it.
 */
export class StreamTokenizer {
  private readonly events: TokenizerEvents;
  private readonly scanner: ScanState;
  private readonly waiting: string[] = [];
  private running = false;
  private paused = false;
  private stopped = false;
  private discarded = false;
  /** First half of a surrogate pair whose second half has not come. */
  private half = "";
  /** The header that was refused with `invalid-namespace` or `bad-format`, to be answered. RFC 6120 §4.9.1.2. */
  refusedHeader: StreamHeader | undefined;

  constructor(events: TokenizerEvents, limits: XmlLimits) {
    this.events = events;
    this.scanner = new ScanState(limits);
  }

  /** Takes text; while paused, or within an event, it waits its turn. */
  write(text: string): void {
    if (this.stopped || text === "") return;
    if (this.running || this.paused) this.waiting.push(text);
    else this.run(text);
  }

  /** Expects a new header; text that has come already is scanned as part of the new stream. RFC 6120 §4.3.3. */
  reset(): void {
    this.stopped = false;
    this.refusedHeader = undefined;
    this.scanner.startStream(true);
  }

  /** Forgets text that waits: what a peer sent in clear before TLS must not count after it. RFC 6120 §5.3.2. */
  discard(): void {
    this.waiting.length = 0;
    this.half = "";
    this.discarded = true;
  }

  /** UTF-16 units that wait for `resume`. */
  get backlog(): number {
    return this.waiting.reduce((sum, text) => sum + text.length, 0);
  }

  /** Tells nothing more, from now on and even within the text in hand, until `resume`. */
  pause(): void {
    this.paused = true;
  }

  /** Goes on, first with what waits. */
  resume(): void {
    this.paused = false;
    if (!this.running) this.drain();
  }

  setLimits(limits: XmlLimits): void {
    this.scanner.setLimits(limits);
  }

  /** Tells nothing more, for good unless `reset`. */
  stop(): void {
    this.stopped = true;
    this.discard();
    this.scanner.stop();
  }

  private drain(): void {
    while (!this.paused && !this.stopped) {
      const text = this.waiting.shift();
      if (text === undefined) return;
      this.scan(text);
    }
  }

  private run(text: string): void {
    this.scan(text);
    if (this.waiting.length > 0) this.drain();
  }

  private scan(written: string): void {
    const text = this.whole(written);
    const end = text.length;
    const { scanner } = this;
    this.running = true;
    this.discarded = false;
    let i = 0;
    try {
      while (i < end && !this.paused && !this.discarded) {
        i = scan(scanner, text, i);
        if (scanner.event !== NOTHING) this.tell(scanner.event);
      }
    } finally {
      this.running = false;
      if (i < end && !this.discarded) {
        this.waiting.unshift(text.slice(i) + this.half);
        this.half = "";
      }
    }
  }

  /** The text with the half of a pair that the last one left, and without the half that it leaves itself. */
  private whole(written: string): string {
    let text = written;
    if (this.half !== "") {
      text = this.half + text;
      this.half = "";
    }
    if ((text.charCodeAt(text.length - 1) & 0xfc00) === 0xd800) {
      this.half = text.slice(-1);
      text = text.slice(0, -1);
    }
    return text;
  }

  private tell(event: number): void {
    const { scanner, events } = this;
    switch (event) {
      case ELEMENT: {
        const element = scanner.element as RawElement;
        scanner.element = undefined;
        events.element(element);
        break;
      }
      case WHITESPACE:
        events.whitespace();
        break;
      case HEADER:
        this.tellHeader(scanner.root as RootTag);
        break;
      case CLOSE:
        events.streamClose();
        break;
      case ERROR:
        events.error(scanner.condition, scanner.fault);
        break;
    }
  }

  /** RFC 6120 §4.8.1: the root is `stream` in the stream namespace; else `invalid-namespace`. */
  private tellHeader(root: RootTag): void {
    this.scanner.root = undefined;
    const header = toHeader(root);
    if (header.xmlns === NS_STREAM && header.name === "stream") {
      this.events.streamOpen(header);
      return;
    }
    this.refusedHeader = header;
    this.scanner.stop();
    if (header.xmlns !== NS_STREAM) this.events.error("invalid-namespace", "the root is not of the stream namespace");
    else this.events.error("bad-format", "the root is no stream");
  }
}

function toHeader(root: RootTag): StreamHeader {
  const { attributes } = root;
  const attr = (name: string): string | undefined => {
    for (let k = 0; k < attributes.length; k += 2) if (attributes[k] === name) return attributes[k + 1];
    return undefined;
  };
  return {
    prefix: root.name.prefix,
    name: root.name.local,
    xmlns: root.xmlns,
    defaultNamespace: root.defaultNamespace,
    to: attr("to"),
    from: attr("from"),
    id: attr("id"),
    version: attr("version"),
    lang: attr("xml:lang"),
    attributes,
    prefixes: root.prefixes,
  };
}
