// A client's stream over a carrier: headers out, whole elements in, as they come or one after the other.
import { parse } from "ltx";
import { NS_CLIENT, NS_FRAMING, NS_STREAM } from "../xml/namespaces.ts";
import type { Carrier } from "./carrier.ts";
import { type Heard, heardOf, type Negotiable } from "./negotiate.ts";
import { Splitter, STREAM_END } from "./splitter.ts";

/** A client's stream header. RFC 6120 §4.7. */
export function streamHeader(domain: string): string {
  return `<?xml version='1.0'?><stream:stream xmlns='${NS_CLIENT}' xmlns:stream='${NS_STREAM}' to='${domain}' version='1.0'>`;
}

/** One stream and its restarts. */
export class ClientStream implements Negotiable {
  readonly carrier: Carrier;
  /** Called once the connection is gone. */
  onClose: (reason: string) => void = () => undefined;
  readonly #domain: string;
  #splitter = new Splitter();
  #taker: ((text: string) => void) | undefined;
  readonly #unread: string[] = [];
  #waiting: PromiseWithResolvers<string> | undefined;
  #gone: string | undefined;

  constructor(carrier: Carrier, domain: string) {
    this.carrier = carrier;
    this.#domain = domain;
    carrier.onText = carrier.framed ? (text) => this.#frame(text) : (text) => this.#part(text);
    carrier.onClose = (reason) => this.#end(reason);
  }

  open(): void {
    this.#splitter = new Splitter();
    this.send(
      this.carrier.framed
        ? `<open xmlns="${NS_FRAMING}" to="${this.#domain}" version="1.0"/>`
        : streamHeader(this.#domain),
    );
  }

  send(text: string): void {
    if (this.#gone === undefined) this.carrier.write(text);
  }

  async next(): Promise<Heard> {
    return heardOf(parse(await this.nextText()));
  }

  /** The text of the next element. @throws Error where the connection ends before */
  nextText(): Promise<string> {
    const there = this.#unread.shift();
    if (there !== undefined) return Promise.resolve(there);
    if (this.#gone !== undefined) return Promise.reject(new Error(this.#gone));
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  secure(): Promise<void> {
    return this.carrier.secure();
  }

  bindingData(binding: string): Buffer {
    return this.carrier.bindingData(binding);
  }

  /** Each whole element is the taker's from now on; those that nobody has taken first. */
  takeElements(taker: (text: string) => void): void {
    this.#taker = taker;
    for (const text of this.#unread.splice(0)) taker(text);
  }

  /** All that comes from now on is the taker's, in the pieces in which it comes; what came already first. */
  takeText(taker: (text: string) => void): void {
    const came = this.#unread.splice(0).join("") + this.#splitter.rest;
    this.carrier.onText = taker;
    if (came !== "") taker(came);
  }

  /** Ends the stream in order, and the connection a moment later. RFC 6120 §4.4. */
  close(): void {
    this.send(this.carrier.framed ? `<close xmlns="${NS_FRAMING}"/>` : STREAM_END);
    this.carrier.end();
  }

  #part(text: string): void {
    for (const element of this.#splitter.push(text))
      if (element === STREAM_END) this.carrier.end();
      else this.#element(element);
  }

  #frame(text: string): void {
    if (!/^<(open|close)[\s/>]/.test(text)) this.#element(text);
  }

  #element(text: string): void {
    if (this.#taker !== undefined) return this.#taker(text);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#unread.push(text);
    else waiting.resolve(text);
  }

  #end(reason: string): void {
    if (this.#gone !== undefined) return;
    this.#gone = reason;
    this.#waiting?.reject(new Error(reason));
    this.onClose(reason);
  }
}
