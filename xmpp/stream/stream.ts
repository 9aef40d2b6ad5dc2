// One XML stream over a transport: headers, restarts, errors, closing, limits and back-pressure. RFC 6120 §4.
import { type Clock, systemClock, type Timer } from "../clock.ts";
import type { Stanza } from "../stanza/stanza.ts";
import { parseDocument } from "../xml/document.ts";
import { NS_FRAMING, NS_STREAM } from "../xml/namespaces.ts";
import { RawElement } from "../xml/raw-element.ts";
import { type StreamHeader, StreamTokenizer } from "../xml/tokenizer.ts";
import { Backlog, NotRead } from "./backlog.ts";
import { readStreamError, type StreamErrorCondition, streamError, streamErrorText } from "./error.ts";
import { framedHeader } from "./framed-header.ts";
import type { Limits, StreamEnd, StreamHandler, StreamParts } from "./handler.ts";
import { closeText, type HeaderOut, headerText } from "./header.ts";
import { Rates } from "./rates.ts";
import { headerFault } from "./received-header.ts";
import type { Transport } from "./transport.ts";

export type { Limits, StreamEnd, StreamHandler, StreamParts } from "./handler.ts";

/** ms that the peer has to close its side after we closed ours. */
const CLOSE_TIMEOUT = 5_000;

/** Why reading stands still; several at once. */
const [HELD_BUSY, HELD_RATE, HELD_OWNER] = [1, 2, 4] as const;

/** A stream, either side, either content namespace. */
export class XmppStream {
  readonly transport: Transport;
  readonly contentNamespace: string;
  private readonly clock: Clock;
  private readonly handler: StreamHandler;
  private readonly tokenizer: StreamTokenizer;
  /** How fast it may be read: whoever spends time on it after a promise charges it here. */
  readonly rates: Rates;
  private limits: Limits;
  private elements = 0;
  private headerSent = false;
  private closeSent = false;
  private over = false;
  private held: number = 0;
  private readonly backlog: Backlog;
  private closeTimer: Timer | undefined;
  /** Drops the connection of a stream that is over; cleared with it, or it would keep the stream for its time. */
  private dropTimer: Timer | undefined;
  /** Frames that came while the stream is held: what one read brought is told before the transport stops. */
  private readonly frames: string[] = [];
  /** True where the peer has to open the stream, for the first time or anew. */
  private headerDue = true;
  /** Bytes read since the stream began. */
  bytesIn = 0;

  constructor(transport: Transport, { contentNamespace, limits, clock, handler }: StreamParts) {
    this.transport = transport;
    this.contentNamespace = contentNamespace;
    this.limits = limits;
    this.clock = clock;
    this.handler = handler;
    this.backlog = new Backlog(transport, () => this.over || this.overflow());
    const goOn = () => this.unblock(HELD_RATE);
    this.rates = new Rates(clock, limits, () => this.block(HELD_RATE), goOn);
    this.tokenizer = new StreamTokenizer(
      {
        streamOpen: (header) => this.onOpen(header),
        element: (raw) => this.onElement(raw),
        streamClose: () => this.onPeerClose(),
        whitespace: () => {},
        error: (condition, text) => this.fail(condition, text),
      },
      limits.xml,
    );
    transport.attach({
      text: (text, bytes) => this.onText(text, bytes),
      overhead: (bytes) => this.account(bytes),
      reading: () => this.rates.begin(),
      deciphered: (cost) => this.account(cost, true),
      malformed: (condition, text) => this.fail(condition, text),
      closed: (cause) => this.onClosed(cause),
      drained: () => this.handler.drained?.(),
    });
  }

  /** True until the stream is over or closing. */
  get writable(): boolean {
    return !this.over && !this.closeSent;
  }

  /** Sends our header (or `<open/>`). */
  open(header: HeaderOut): void {
    this.headerSent = true;
    this.transport.write(headerText(header, this.contentNamespace, this.transport.framed));
  }

  /** Expects a new header from the peer: after TLS and after SASL. RFC 6120 §4.3.3. */
  restart(): void {
    this.headerSent = false;
    this.headerDue = true;
    this.tokenizer.reset();
  }

  /** Forgets what the peer sent in clear behind its request for TLS. RFC 6120 §5.3.2. */
  discard(): void {
    this.tokenizer.discard();
  }

  /** Other bounds from now on. */
  setLimits(limits: Limits): void {
    this.limits = limits;
    this.elements = 0;
    this.tokenizer.setLimits(limits.xml);
    this.rates.reset(limits);
  }

  /** Sends a stanza. */
  sendStanza(stanza: Stanza): void {
    this.send(this.transport.framed ? stanza.framed() : stanza.text());
  }

  /** Sends one whole element (which declares its namespace, when framed). */
  send(text: string): void {
    if (!this.writable) return;
    if (this.backlog.admits(text.length, this.limits.backlogBytes)) this.transport.write(text);
    else this.overflow();
  }

  /** True where the peer is behind: whoever can wait before writing more, should. */
  get congested(): boolean {
    return this.transport.backlog > this.limits.backlogBytes / 4;
  }

  /** Ends the stream with a stream error. RFC 6120 §4.9. */
  fail(condition: StreamErrorCondition, text?: string, content?: string, application?: string): void {
    if (this.over) return;
    const error = streamError(condition, text, content, application);
    const { framed } = this.transport;
    if (!this.headerSent) this.open(this.handler.defaultHeader());
    if (!this.closeSent) {
      this.transport.write(streamErrorText(error, framed));
      this.transport.write(closeText(framed));
    }
    this.closeSent = true;
    this.finish({ kind: "failed", error });
  }

  /** Closes our side and waits `patience` ms for the peer's. RFC 6120 §4.4. */
  close(patience = CLOSE_TIMEOUT): void {
    if (this.over || this.closeSent) return;
    this.closeSent = true;
    this.transport.write(closeText(this.transport.framed));
    this.closeTimer = this.clock.setTimeout(() => this.finish({ kind: "closed" }), patience);
  }

  /** Closes our side and ends the connection without waiting for the peer. RFC 6120 §5.4.2.2. */
  closeNow(): void {
    if (this.over) return;
    if (!this.closeSent) this.transport.write(closeText(this.transport.framed));
    this.closeSent = true;
    this.finish({ kind: "closed" });
  }

  /** Drops the connection without a word. */
  destroy(cause?: Error): void {
    this.finish({ kind: "broken", cause });
    this.transport.destroy();
  }

  /** Stops reading (back-pressure of the owner) until `release`. */
  hold(): void {
    this.block(HELD_OWNER);
  }

  release(): void {
    this.unblock(HELD_OWNER);
  }

  private onText(text: string, bytes: number): void {
    if (this.over) return;
    this.account(bytes);
    this.rates.begin();
    if (!this.transport.framed) this.tokenizer.write(text);
    else if (this.held === 0) this.onFrame(text);
    else this.frames.push(text);
    this.rates.worked();
  }

  /** Counts bytes; what is too fast stops the reading for a while. */
  private account(bytes: number, deciphered = false): void {
    if (this.over) return;
    this.bytesIn += bytes;
    this.rates.read(bytes);
    if (deciphered) this.rates.worked();
  }

  private onFrame(text: string): void {
    const raw = parseDocument(text, this.limits.xml);
    if (!(raw instanceof RawElement)) this.fail(raw.condition, raw.text);
    // A stream begins, and begins anew after SASL, with `<open/>`. RFC 7395 §3.3.
    else if (raw.xmlns !== NS_FRAMING && this.headerDue) this.fail("bad-format", "the stream is not open");
    else if (raw.xmlns !== NS_FRAMING) this.onElement(raw);
    else if (raw.name === "open" && !this.headerDue) this.fail("bad-format", "the stream is open already");
    else if (raw.name === "open") this.onOpen(framedHeader(raw, this.contentNamespace));
    else if (raw.name === "close") this.onPeerClose();
    else this.fail("bad-format", "neither open nor close");
  }

  private onOpen(header: StreamHeader): void {
    this.headerDue = false;
    const fault = headerFault(header);
    if (fault !== undefined) return this.fail(...fault);
    try {
      this.settle(this.handler.opened(header));
    } catch (error) {
      this.crash(error);
    }
  }

  private onElement(raw: RawElement): void {
    if (this.over) return;
    if (raw.xmlns === NS_STREAM && raw.name === "error") return this.onPeerError(raw);
    if (this.closeSent) return;
    this.elements++;
    if (this.limits.elements !== undefined && this.elements > this.limits.elements)
      return this.fail("policy-violation", "too many elements before authentication");
    try {
      this.settle(this.handler.element(raw));
    } catch (error) {
      this.crash(error);
    }
  }

  /** Charges what a handler did; a promise of it holds the stream. */
  private settle(result: void | Promise<void>): void {
    if (result === undefined) return this.rates.worked();
    this.block(HELD_BUSY);
    result.then(
      () => this.unblock(HELD_BUSY),
      (error) => this.crash(error),
    );
  }

  private crash(error: unknown): void {
    this.handler.crashed(error);
    this.fail("internal-server-error");
  }

  private block(reason: number): void {
    if (this.held === 0) {
      this.tokenizer.pause();
      this.transport.pause();
    }
    this.held |= reason;
  }

  private unblock(reason: number): void {
    if ((this.held & reason) === 0) return;
    this.held &= ~reason;
    if (this.held !== 0 || this.over) return;
    this.rates.begin();
    this.tokenizer.resume();
    while (this.held === 0 && !this.over && this.frames.length > 0) this.onFrame(this.frames.shift() as string);
    this.rates.worked();
    if (this.held === 0) this.transport.resume();
  }

  private onPeerError(raw: RawElement): void {
    if (!this.closeSent) this.transport.write(closeText(this.transport.framed));
    this.closeSent = true;
    this.finish({ kind: "peer-error", error: readStreamError(raw.toElement()) });
  }

  private onClosed(cause: Error | undefined): void {
    systemClock.clearTimeout(this.dropTimer);
    this.finish({ kind: "broken", cause });
  }

  private onPeerClose(): void {
    const read = this.closeSent;
    if (!read) this.transport.write(closeText(this.transport.framed));
    this.closeSent = true;
    this.finish({ kind: "closed", read });
  }

  private readonly overflow = (): void => this.destroy(new NotRead());

  private finish(end: StreamEnd): void {
    if (this.over) return;
    this.over = true;
    this.clock.clearTimeout(this.closeTimer);
    this.rates.end();
    this.tokenizer.stop();
    this.frames.length = 0;
    if (end.kind !== "broken") {
      this.transport.end();
      // The peer may keep its side open for ever; real time, since this guards a socket and not a protocol state.
      this.dropTimer = systemClock.setTimeout(() => this.transport.destroy(), CLOSE_TIMEOUT);
      this.transport.resume();
    }
    this.handler.ended(end);
  }
}
