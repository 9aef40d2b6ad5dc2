// A light XMPP client for load: logs in, resumes wherever it is let in, counts what is acknowledged, comes back by itself.
import { negotiate } from "../../xmpp/client/negotiate.ts";
import { attributeOf, STREAM_END } from "../../xmpp/client/splitter.ts";
import type { ClientStream } from "../../xmpp/client/stream.ts";
import type { Evidence } from "./evidence.ts";
import { LoadWire, type WireOptions } from "./load-wire.ts";
import type { Seen } from "./transcript.ts";

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

/** A stanza that no `<a/>` has counted yet; messages of the book have an id and a receiver. */
interface Outgoing {
  readonly text: string;
  readonly id?: string;
  readonly to?: string;
  /** False while there was no stream to write it to. */
  written: boolean;
}

const NS_SM = "urn:xmpp:sm:3";
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
  private smId: string | undefined;
  private handled = 0;
  private acknowledged = 0;
  private unacked: Outgoing[] = [];
  private sequences = new Map<string, number>();
  private answers = new Map<string, (element: string) => void>();
  constructor(options: ClientOptions) {
    super(options);
    this.options = options;
  }

  /** What the book calls it: `user1@a.test` where a run has several domains, else `user1`. */
  get name(): string {
    return this.options.local;
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
    const key = to.name;
    const sequence = this.sequences.get(key) ?? 0;
    this.sequences.set(key, sequence + 1);
    const id = `${this.name}.${key}.${sequence}`;
    const text = `<message to='${to.bare}' type='chat' id='${id}'><body>${"x".repeat(length)}</body></message>`;
    this.keep({ text, id, to: key, written: false });
    this.ask();
    return id;
  }

  /** Sends any stanza; it is kept until it is acknowledged. */
  stanza(text: string): void {
    this.keep({ text, written: false });
  }

  private keep(stanza: Outgoing): void {
    this.unacked.push(stanza);
    if (this.open) this.writeOut(stanza);
  }

  private writeOut(stanza: Outgoing): void {
    const { text, id, to, written } = stanza;
    if (!written) this.note({ what: "sent", ...(id === undefined || to === undefined ? {} : { id, to }) });
    stanza.written = true;
    this.write(text);
  }

  private note(seen: Seen): void {
    this.options.book.note(this.name, seen);
  }

  ask(): void {
    if (this.open) this.write(`<r xmlns='${NS_SM}'/>`);
  }

  /** Presence with a status that others may compare. */
  present(status: string): void {
    this.stanza(`<presence><status>${status}</status></presence>`);
  }

  /** ms until the server has answered an IQ. XEP-0199 */
  async ping(): Promise<number> {
    const id = `p${Math.random().toString(36).slice(2)}`;
    const began = performance.now();
    const answered = new Promise<void>((resolve) => this.answers.set(id, () => resolve()));
    this.stanza(`<iq type='get' id='${id}' to='${this.options.domain}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await answered;
    return performance.now() - began;
  }

  protected pick(): number {
    return this.options.pick(this).port;
  }

  protected connected(stream: ClientStream): void {
    const { local: user, password, mechanism, resource } = this.options;
    const credentials = { user, password };
    negotiate(stream, { starttls: false, mechanism, credentials, resource, stage: "authenticated" }).then(
      () => {
        const { socket } = this;
        stream.takeElements((text) => {
          if (this.socket === socket) this.element(text);
        });
        this.enter();
      },
      (error: Error) => this.notIn(error.message),
    );
  }

  /** What the server said in place of letting it in. */
  private notIn(reason: string): void {
    const failure = /log-in refused: ([a-z-]+)/.exec(reason)?.[1];
    const ended = /got <error\/> ([a-z-]+)/.exec(reason)?.[1];
    if (failure !== undefined) this.authFailures.push(failure);
    if (ended !== undefined) this.endedBy(ended, reason);
    if (failure !== undefined) this.drop();
  }

  private endedBy(condition: string, text: string): void {
    this.errors.push(condition);
    this.seeOther = Number(/see-other-host[^:]*[:>][^<,]*:(\d+)/.exec(text)?.[1] ?? Number.NaN) || undefined;
  }

  protected lost(): void {
    this.answers.clear();
  }

  private element(text: string): void {
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
        return this.told("a", text);
      default:
        return this.managed(name ?? "", text);
    }
  }

  private managed(name: string, text: string): void {
    switch (name) {
      case "enabled":
        this.smId = attributeOf(text, "id");
        this.handled = 0;
        return this.arrived(false);
      case "resumed":
        return this.resumed(text);
      case "failed":
        return this.notResumed(text);
      case "stream:error":
        this.endedBy(/<stream:error[^>]*><([a-z-]+)/.exec(text)?.[1] ?? "unknown", text);
    }
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
    this.note({ what: "session" });
    this.acknowledged = 0;
    this.unacked = [];
    this.open = true;
    this.present("here");
  }

  private told(what: "a" | "resumed", text: string): void {
    const h = Number(attributeOf(text, "h"));
    this.note({ what, h });
    this.counted(h);
  }

  private resumed(text: string): void {
    this.told("resumed", text);
    this.arrived(true);
    // What the old stream lost is sent again. XEP-0198 §5
    for (const stanza of this.unacked) this.writeOut(stanza);
    if (this.unacked.length > 0) this.ask();
  }

  /** What the server tells it handled is as good as an acknowledgement; of the rest nothing is known. */
  private notResumed(text: string): void {
    const h = attributeOf(text, "h");
    this.note({ what: "failed", ...(h === undefined ? {} : { h: Number(h) }) });
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

  /** A count that goes back, or beyond what was sent, is for the book to judge. */
  private counted(h: number): void {
    const count = h - this.acknowledged;
    if (!(count >= 0 && count <= this.unacked.length)) return;
    this.acknowledged = h;
    this.unacked.splice(0, count);
  }

  private takeMessage(text: string): void {
    const id = attributeOf(text, "id");
    if (id === undefined) return;
    if (attributeOf(text, "type") === "error") {
      const condition = /<error[^>]*>.*?<([a-z-]+) xmlns=.urn:ietf:params:xml:ns:xmpp-stanzas./.exec(text)?.[1];
      this.note({ what: "returned", id, condition: condition ?? "unknown" });
    } else this.note({ what: "received", id });
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
