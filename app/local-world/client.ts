// A small XMPP client with which the local world tries itself: log in, ask, send, wait for what must come.
import { randomBytes } from "node:crypto";
import { Element } from "ltx";
import { type ClientTransport, overTcp, overWebSocket } from "./client-transport.ts";
import { startScram } from "./scram-client.ts";

/** Where and as whom to log in. */
export interface LogIn {
  readonly domain: string;
  readonly local: string;
  readonly password: string;
  readonly resource: string;
  readonly over:
    | { readonly kind: "websocket"; readonly url: string }
    | {
        readonly kind: "tcp";
        readonly host: string;
        readonly port: number;
        /** PEM of the one authority that is trusted; undefined: those that Node trusts. */
        readonly authority: string | undefined;
      };
}

type Wanted = (element: Element) => boolean;

interface Waiter {
  readonly wanted: Wanted;
  resolve(element: Element): void;
  reject(error: Error): void;
}

const NS_SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const NS_TLS = "urn:ietf:params:xml:ns:xmpp-tls";
const NS_BIND = "urn:ietf:params:xml:ns:xmpp-bind";
const NS_SM = "urn:xmpp:sm:3";
/** Most elements kept that nobody has waited for; the oldest go first. */
const INBOX = 1000;
const ANSWER_MS = 10_000;

/** A logged-in client. */
export class LocalClient {
  /** The full JID that the server bound. */
  jid = "";
  readonly #transport: ClientTransport;
  #inbox: Element[] = [];
  readonly #waiters = new Set<Waiter>();
  #gone: string | undefined;
  /** Stanzas taken since stream management was enabled. */
  #handled = 0;
  readonly #whenGone = Promise.withResolvers<string>();

  private constructor(transport: ClientTransport) {
    this.#transport = transport;
    transport.onElement = (element) => this.#take(element);
    transport.onClose = (reason) => this.#end(reason);
  }

  /** Connects, encrypts, authenticates and binds. @throws Error saying which step failed */
  static logIn(options: LogIn): Promise<LocalClient> {
    return LocalClient.#connect(options, (client) => client.#bind(options));
  }

  /** Connects anew and goes on with a stream that broke (XEP-0198 §5). @throws Error saying which step failed */
  static resume(options: LogIn, broken: { readonly jid: string; readonly id: string; readonly handled: number }) {
    return LocalClient.#connect(options, async (client) => {
      await client.#features(options.domain);
      const answer = client.next(isAnswer, "an answer to <resume/>");
      const { id: previd, handled: h } = broken;
      client.#transport.send(new Element("resume", { xmlns: NS_SM, previd, h }).toString());
      const got = await answer;
      if (!got.is("resumed")) throw new Error(`not resumed: ${got.getChildElements()[0]?.name ?? got.name}`);
      client.jid = broken.jid;
      client.#handled = broken.handled;
    });
  }

  static async #connect(options: LogIn, last: (client: LocalClient) => Promise<void>): Promise<LocalClient> {
    const { over, domain } = options;
    const transport = await (over.kind === "tcp" ? overTcp(over.host, over.port) : overWebSocket(over.url));
    const client = new LocalClient(transport);
    try {
      if (over.kind === "tcp") await client.#secure(domain, over.authority);
      await client.#authenticate(options);
      await last(client);
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** Enables stream management with resumption. XEP-0198 §3. @throws Error where the server does not */
  async enable(): Promise<{ readonly id: string }> {
    const answer = this.next(isAnswer, "an answer to <enable/>");
    this.#transport.send(`<enable xmlns="${NS_SM}" resume="true"/>`);
    const got = await answer;
    const { id } = got.attrs;
    if (!got.is("enabled") || typeof id !== "string") throw new Error("the server enables no resumption");
    this.#handled = 0;
    return { id };
  }

  /** Breaks the connection without a word. @returns what resuming it needs beside its id */
  drop(): { readonly jid: string; readonly handled: number } {
    this.#transport.drop();
    return { jid: this.jid, handled: this.#handled };
  }

  /** The port of our end; undefined where the transport does not tell. */
  get localPort(): number | undefined {
    return this.#transport.localPort;
  }

  /** Resolves with the reason when the connection is gone. */
  get whenGone(): Promise<string> {
    return this.#whenGone.promise;
  }

  send(element: Element): void {
    // On a WebSocket each frame declares its namespaces (RFC 7395 §3.3.3).
    if (element.attrs.xmlns === undefined) element.attrs.xmlns = "jabber:client";
    this.#transport.send(element.toString());
  }

  /** Sends an IQ and resolves with its answer, of type result. @throws Error for another answer, or none */
  async ask(type: "get" | "set", to: string | undefined, payload: Element, ms = ANSWER_MS): Promise<Element> {
    const id = randomBytes(6).toString("hex");
    const iq = new Element("iq", { type, id, ...(to === undefined ? {} : { to }) });
    iq.cnode(payload);
    const answer = this.next((element) => element.is("iq") && element.attrs.id === id, "an answer", ms);
    this.send(iq);
    const got = await answer;
    if (got.attrs.type !== "result") throw new Error(conditionOf(got));
    return got;
  }

  /** The next element that is wanted, of those that came already or within `ms`. @throws Error naming `what` */
  next(wanted: Wanted, what: string, ms = ANSWER_MS): Promise<Element> {
    const index = this.#inbox.findIndex(wanted);
    const [there] = index < 0 ? [] : this.#inbox.splice(index, 1);
    if (there) return Promise.resolve(there);
    if (this.#gone !== undefined) return Promise.reject(new Error(`${what} did not come: ${this.#gone}`));
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => waiter.reject(new Error(`${what} did not come within ${ms / 1000} s`)), ms);
      const settle = () => {
        clearTimeout(late);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        wanted,
        resolve: (element) => {
          settle();
          resolve(element);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      this.#waiters.add(waiter);
    });
  }

  close(): void {
    if (this.#gone === undefined) this.#transport.close();
  }

  #take(element: Element): void {
    if (/^(message|presence|iq)$/.test(element.name)) this.#handled += 1;
    if (element.is("r", NS_SM)) return this.#transport.send(`<a xmlns="${NS_SM}" h="${this.#handled}"/>`);
    for (const waiter of this.#waiters) if (waiter.wanted(element)) return waiter.resolve(element);
    this.#inbox.push(element);
    if (this.#inbox.length > INBOX) this.#inbox.shift();
  }

  #end(reason: string): void {
    const error = this.#inbox.find((element) => element.is("error"));
    this.#gone ??= error ? `stream error ${error.getChildElements()[0]?.name ?? ""}` : reason;
    for (const waiter of this.#waiters) waiter.reject(new Error(this.#gone));
    this.#whenGone.resolve(this.#gone);
  }

  async #features(domain: string): Promise<Element> {
    this.#transport.open(domain);
    return this.next((element) => element.getName() === "features", "the stream's features");
  }

  async #secure(domain: string, authority: string | undefined): Promise<void> {
    const features = await this.#features(domain);
    if (!features.getChild("starttls", NS_TLS)) throw new Error("the server offers no STARTTLS");
    this.#transport.send(`<starttls xmlns="${NS_TLS}"/>`);
    await this.next((element) => element.is("proceed", NS_TLS), "<proceed/>");
    await this.#transport.secure?.(domain, authority);
  }

  async #authenticate({ domain, local, password }: LogIn): Promise<void> {
    const features = await this.#features(domain);
    const mechanisms = features.getChild("mechanisms", NS_SASL)?.getChildren("mechanism") ?? [];
    const offered = mechanisms.map((each) => each.text());
    if (!offered.includes("SCRAM-SHA-256"))
      throw new Error(`no SCRAM-SHA-256 among ${offered.join(", ") || "nothing"}`);
    const scram = startScram(local, password);
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    const answer = () => this.next((element) => element.attrs.xmlns === NS_SASL, "an answer to the log-in");
    this.#transport.send(`<auth xmlns="${NS_SASL}" mechanism="SCRAM-SHA-256">${base64(scram.first)}</auth>`);
    const challenge = await answer();
    if (!challenge.is("challenge")) throw new Error(`log-in refused: ${challenge.getChildElements()[0]?.name}`);
    const final = scram.final(Buffer.from(challenge.text(), "base64").toString());
    this.#transport.send(`<response xmlns="${NS_SASL}">${base64(final)}</response>`);
    const success = await answer();
    if (!success.is("success")) throw new Error(`log-in refused: ${success.getChildElements()[0]?.name}`);
    if (!scram.proves(Buffer.from(success.text(), "base64").toString()))
      throw new Error("the server could not prove that it knows the password");
  }

  async #bind({ domain, resource }: LogIn): Promise<void> {
    await this.#features(domain);
    const bind = new Element("bind", { xmlns: NS_BIND });
    bind.c("resource").t(resource);
    const bound = await this.ask("set", undefined, bind);
    this.jid = bound.getChild("bind", NS_BIND)?.getChildText("jid") ?? "";
  }
}

/** What ends a negotiation of stream management; a request for an acknowledgement may come before. */
function isAnswer(element: Element): boolean {
  return element.attrs.xmlns === NS_SM && !element.is("r");
}

function conditionOf(stanza: Element): string {
  const error = stanza.getChild("error");
  const text = error?.getChildText("text");
  const condition = error?.getChildElements().find((each) => each.name !== "text")?.name ?? "no condition";
  return `the answer was an error: ${condition}${text ? ` (${text})` : ""}`;
}
