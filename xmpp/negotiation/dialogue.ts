// Negotiation read in order: turns a stream's events into answers that a procedure waits for.
import type { HeaderOut } from "../stream/header.ts";
import type { StreamEnd, StreamHandler, XmppStream } from "../stream/stream.ts";
import type { RawElement } from "../xml/raw-element.ts";
import type { StreamHeader } from "../xml/tokenizer.ts";

/** Elements that may wait to be read; a peer that talks on is read no further. */
const UNREAD_LIMIT = 64;

/** The stream ended while an answer was awaited; `end` says how. */
export class StreamEnded extends Error {
  override readonly name = "StreamEnded";
  readonly end: StreamEnd;

  constructor(end: StreamEnd) {
    super(describeEnd(end));
    this.end = end;
  }
}

/** A stream's end in plain words. */
export function describeEnd(end: StreamEnd): string {
  switch (end.kind) {
    case "closed":
      return "the peer closed the stream";
    case "failed":
      return `we ended the stream: ${end.error.condition}${end.error.text ? ` (${end.error.text})` : ""}`;
    case "peer-error":
      return `the peer ended the stream: ${end.error.condition}${end.error.text ? ` (${end.error.text})` : ""}`;
    case "broken":
      return `the connection broke${end.cause ? `: ${end.cause.message}` : ""}`;
  }
}

type Event = { readonly header: StreamHeader } | { readonly element: RawElement };

/** A stream's handler while it is negotiated; later it passes everything on to another. */
export class Dialogue implements StreamHandler {
  private readonly unread: Event[] = [];
  private waiting: { resolve(event: Event): void; reject(error: Error): void } | undefined;
  private end: StreamEnd | undefined;
  private successor: StreamHandler | undefined;
  /** Lets a peer that was read no further go on. */
  private read: (() => void) | undefined;
  private readonly header: HeaderOut;

  /** `header` is what our side says of itself. */
  constructor(header: HeaderOut) {
    this.header = header;
  }

  /** The peer's next header. @throws StreamEnded, Error where something else comes */
  async nextHeader(): Promise<StreamHeader> {
    const event = await this.next();
    if ("header" in event) return event.header;
    throw new Error(`expected a stream header, not <${event.element.name}/>`);
  }

  /** The peer's next element. @throws StreamEnded, Error where something else comes */
  async nextElement(): Promise<RawElement> {
    const event = await this.next();
    if ("element" in event) return event.element;
    throw new Error("expected an element, not a new stream header");
  }

  /** Forgets what was not read: it came in clear behind the consent to TLS, and anybody may have put it there. */
  forget(): void {
    this.unread.length = 0;
    this.read?.();
  }

  /** Passes on to `successor`, in order, what was not read and then all that comes. */
  handOver(successor: StreamHandler, stream: XmppStream): void {
    if (this.unread.length === 0) return this.settle(successor);
    stream.hold();
    void this.passOn(successor).then(() => {
      this.settle(successor);
      stream.release();
    });
  }

  opened(header: StreamHeader): void | Promise<void> {
    if (this.successor !== undefined) return this.successor.opened(header);
    return this.take({ header });
  }

  element(raw: RawElement): void | Promise<void> {
    if (this.successor !== undefined) return this.successor.element(raw);
    return this.take({ element: raw });
  }

  ended(end: StreamEnd): void {
    this.end = end;
    this.read?.();
    this.waiting?.reject(new StreamEnded(end));
    this.waiting = undefined;
    this.successor?.ended(end);
  }

  defaultHeader(): HeaderOut {
    return this.header;
  }

  crashed(error: unknown): void {
    this.successor?.crashed(error);
  }

  drained(): void {
    this.successor?.drained?.();
  }

  private settle(successor: StreamHandler): void {
    this.successor = successor;
    this.read?.();
    if (this.end !== undefined) successor.ended(this.end);
  }

  private async passOn(successor: StreamHandler): Promise<void> {
    for (let event = this.unread.shift(); event !== undefined; event = this.unread.shift())
      try {
        await ("element" in event ? successor.element(event.element) : successor.opened(event.header));
      } catch (error) {
        successor.crashed(error);
      }
  }

  private take(event: Event): void | Promise<void> {
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting !== undefined) return waiting.resolve(event);
    this.unread.push(event);
    if (this.unread.length < UNREAD_LIMIT) return;
    return new Promise((resolve) => {
      this.read = resolve;
    });
  }

  private next(): Promise<Event> {
    const event = this.unread.shift();
    if (event !== undefined) {
      this.read?.();
      return Promise.resolve(event);
    }
    if (this.end !== undefined) return Promise.reject(new StreamEnded(this.end));
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
    });
  }
}
