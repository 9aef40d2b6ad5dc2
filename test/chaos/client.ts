// A light XMPP client for load: logs in, resumes wherever it is let in, counts what is acknowledged, comes back by itself.
import { streamHeader } from "../../bench/harness/ports.ts";
import { ScramClient } from "../../bench/harness/scram.ts";
import type { Evidence } from "./evidence.ts";
import { LoadWire, type WireOptions } from "./load-wire.ts";
import { attributeOf, STREAM_END } from "./splitter.ts";

/** Where a server is reached. */
export interface Endpoint {
  readonly port: number;
}

/** What a client is given. */
export interface ClientOptions extends WireOptions {
  readonly local: string;
  readonly password: string;
  readonly resource: string;
  readonly mechanism: "PLAIN" | "SCRAM-SHA-256";
  readonly book: Evidence;
  /** Where to connect next. */
  readonly pick: (client: LoadClient) => Endpoint;
}

const NS_SM = "urn:xmpp:sm:3";
const NS_SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
/** One account's client. */
export class LoadClient extends LoadWire {
  readonly options: ClientOptions;
  /** Conditions of SASL failures. RFC 6120 §6.5 */
  readonly authFailures: string[] = [];
  /** Conditions of stream errors, and of resumptions that failed. */
  readonly errors: string[] = [];
  /** Full JIDs seen available, and their status. */
  readonly seen = new Map<string, string>();
  /** Told whenever the client is online again. */
  onOnline: () => void = () => {};
  private scram: ScramClient | undefined;
  private authenticated = false;
  private smId: string | undefined;
  private handled = 0;
  private acknowledged = 0;
  private unacked: { readonly id: string; readonly text: string }[] = [];
  private sequences = new Map<string, number>();
  private answers = new Map<string, (element: string) => void>();
  constructor(options: ClientOptions) {
    super(options);
    this.options = options;
  }

  get bare(): string {
    return `${this.options.local}@${this.options.domain}`;
  }

  /** Messages that no `<a/>` has counted yet. */
  get waiting(): number {
    return this.unacked.length;
  }

  /** Ends the session in order: nothing is left to resume. RFC 6120 §4.4 */
  async leave(): Promise<void> {
    this.wanted = false;
    clearTimeout(this.timer);
    const { socket } = this;
    if (socket !== undefined) {
      const closed = new Promise((resolve) => socket.once("close", resolve));
      this.write(STREAM_END);
      socket.end();
      const late = setTimeout(() => socket.destroy(), 5_000);
      await closed;
      clearTimeout(late);
    }
    this.forget();
  }

  /** Sends a chat message to an account, noted in the book, and asks for its acknowledgement. */
  message(to: LoadClient, length = 100): string {
    const key = to.options.local;
    const sequence = this.sequences.get(key) ?? 0;
    this.sequences.set(key, sequence + 1);
    const id = `${this.options.local}.${key}.${sequence}`;
    this.options.book.sent(id, `${this.options.local} ${key}`, sequence);
    this.stanza(id, `<message to='${to.bare}' type='chat' id='${id}'><body>${"x".repeat(length)}</body></message>`);
    this.ask();
    return id;
  }

  /** Sends any stanza; it is kept until it is acknowledged. */
  stanza(id: string, text: string): void {
    this.unacked.push({ id, text });
    if (this.open) this.write(text);
  }

  ask(): void {
    if (this.open) this.write(`<r xmlns='${NS_SM}'/>`);
  }

  /** Presence with a status that others may compare. */
  present(status: string): void {
    this.stanza("", `<presence><status>${status}</status></presence>`);
  }

  /** ms until the server has answered an IQ. XEP-0199 */
  async ping(): Promise<number> {
    const id = `p${Math.random().toString(36).slice(2)}`;
    const began = performance.now();
    const answered = new Promise<void>((resolve) => this.answers.set(id, () => resolve()));
    this.stanza("", `<iq type='get' id='${id}' to='${this.options.domain}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await answered;
    return performance.now() - began;
  }

  protected pick(): number {
    return this.options.pick(this).port;
  }

  protected dialling(): void {
    this.authenticated = false;
  }

  protected lost(): void {
    this.answers.clear();
  }

  protected element(text: string): void {
    const name = /^<\/?([^\s/>]+)/.exec(text)?.[1];
    switch (name) {
      case "message":
        this.handled += 1;
        return this.takeMessage(text);
      case "presence":
        this.handled += 1;
        return this.takePresence(text);
      case "iq":
        this.handled += 1;
        return this.takeIq(text);
      case "r":
        return this.write(`<a xmlns='${NS_SM}' h='${this.handled}'/>`);
      case "a":
        return this.counted(Number(attributeOf(text, "h")));
      default:
        return this.negotiate(name ?? "", text);
    }
  }

  private negotiate(name: string, text: string): void {
    switch (name) {
      case "stream:features":
        return this.authenticated ? this.enter() : this.authenticate();
      case "challenge": {
        const challenge = Buffer.from(/>([^<]+)</.exec(text)?.[1] ?? "", "base64").toString();
        const answer = this.scram?.final(challenge) ?? "";
        return this.write(`<response xmlns='${NS_SASL}'>${base64(answer)}</response>`);
      }
      case "success":
        this.authenticated = true;
        return this.write(streamHeader(this.options.domain));
      case "failure":
        this.authFailures.push(/<failure[^>]*><([a-z-]+)/.exec(text)?.[1] ?? "unknown");
        return this.drop();
      case "enabled":
        this.smId = attributeOf(text, "id");
        this.handled = 0;
        return this.arrived(false);
      case "resumed":
        return this.resumed(Number(attributeOf(text, "h")));
      case "failed":
        return this.notResumed(text);
      case "stream:error":
        this.errors.push(/<stream:error[^>]*><([a-z-]+)/.exec(text)?.[1] ?? "unknown");
        this.seeOther = Number(/<see-other-host[^>]*>[^<]*:(\d+)</.exec(text)?.[1] ?? Number.NaN) || undefined;
        return;
      case "stream:stream":
        this.socket?.end();
    }
  }

  private authenticate(): void {
    const { local, password, mechanism } = this.options;
    this.scram = mechanism === "PLAIN" ? undefined : new ScramClient("SHA-256", local, password);
    const initial = this.scram?.first() ?? `\0${local}\0${password}`;
    this.write(`<auth xmlns='${NS_SASL}' mechanism='${mechanism}'>${base64(initial)}</auth>`);
  }

  private enter(): void {
    if (this.smId !== undefined)
      return this.write(`<resume xmlns='${NS_SM}' previd='${this.smId}' h='${this.handled}'/>`);
    const { resource } = this.options;
    this.write(
      `<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind></iq>`,
    );
  }

  private bound(): void {
    this.write(`<enable xmlns='${NS_SM}' resume='true'/>`);
    this.acknowledged = 0;
    this.unacked = [];
    this.open = true;
    this.present("here");
  }

  private resumed(h: number): void {
    this.counted(h);
    this.arrived(true);
    // What the old stream lost is sent again. XEP-0198 §5
    for (const { text } of this.unacked) this.write(text);
    if (this.unacked.length > 0) this.ask();
  }

  /** What the server tells it handled is as good as an acknowledgement; of the rest nothing is known. */
  private notResumed(text: string): void {
    const h = attributeOf(text, "h");
    if (h !== undefined) this.counted(Number(h));
    this.errors.push(/<failed[^>]*><([a-z-]+)/.exec(text)?.[1] ?? "failed");
    this.forget();
    this.enter();
  }

  private forget(): void {
    this.smId = undefined;
    this.unacked = [];
    this.seen.clear();
  }

  private arrived(resumed: boolean): void {
    this.entered(resumed);
    this.onOnline();
  }

  private counted(h: number): void {
    const count = (h - this.acknowledged + 2 ** 32) % 2 ** 32;
    if (count > this.unacked.length) {
      if (count < 2 ** 31) this.errors.push("acknowledged-too-much");
      return;
    }
    this.acknowledged = h;
    for (const { id } of this.unacked.splice(0, count)) if (id !== "") this.options.book.acknowledged(id);
  }

  private takeMessage(text: string): void {
    const id = attributeOf(text, "id");
    if (id === undefined) return;
    if (attributeOf(text, "type") === "error") {
      const condition = /<error[^>]*>.*?<([a-z-]+) xmlns=.urn:ietf:params:xml:ns:xmpp-stanzas./.exec(text)?.[1];
      this.options.book.refused(id, condition ?? "unknown");
    } else this.options.book.received(id);
  }

  private takePresence(text: string): void {
    const from = attributeOf(text, "from") ?? "";
    if (attributeOf(text, "type") === "unavailable") this.seen.delete(from);
    else this.seen.set(from, /<status[^>]*>([^<]*)</.exec(text)?.[1] ?? "");
  }

  private takeIq(text: string): void {
    const id = attributeOf(text, "id") ?? "";
    if (id === "bind") return this.bound();
    this.answers.get(id)?.(text);
    this.answers.delete(id);
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
