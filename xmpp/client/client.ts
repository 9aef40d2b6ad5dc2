// An XMPP client for the local world, probes and tests: logs in, asks, sends, waits for what must come, resumes.

import { randomBytes } from "node:crypto";
import { Element, parse } from "ltx";
import { lastingClock } from "../clock.ts";
import { NS_CLIENT } from "../xml/namespaces.ts";
import { overTcp } from "./carrier.ts";
import { negotiate } from "./negotiate.ts";
import { ClientStream } from "./stream.ts";

/** Where and as whom to log in. */
export interface LogIn {
  readonly domain: string;
  readonly local: string;
  readonly password: string;
  readonly resource: string;
  readonly over:
    | { readonly kind: "websocket"; readonly url: string }
    | {
        /** `plain`: without TLS, for servers that ask for none. */
        readonly kind: "tcp" | "tls" | "plain";
        readonly host: string;
        readonly port: number;
        /** PEM of the one authority that is trusted; `any`: none is asked for; undefined: those that Node trusts. */
        readonly authority: string | undefined;
      };
  /** Default: SCRAM-SHA-256. */
  readonly mechanism?: string;
}

/** What a session that broke needs to go on. XEP-0198 §5. */
export interface Broken {
  readonly jid: string;
  readonly id: string;
  /** Stanzas that it took. */
  readonly handled: number;
}

type Wanted = (element: Element) => boolean;

interface Waiter {
  readonly wanted: Wanted;
  resolve(element: Element): void;
  reject(error: Error): void;
}

const NS_SM = "urn:xmpp:sm:3";
/** Most elements kept that nobody has waited for; the oldest go first. */
const INBOX = 1000;
const ANSWER_MS = 10_000;

/** A logged-in client. */
export class XmppClient {
  /** The full JID that the server bound. */
  jid = "";
  readonly #stream: ClientStream;
  readonly #inbox: Element[] = [];
  readonly #waiters = new Set<Waiter>();
  #gone: string | undefined;
  /** Stanzas taken since stream management was enabled. */
  #handled = 0;
  readonly #whenGone = Promise.withResolvers<string>();

  private constructor(stream: ClientStream) {
    this.#stream = stream;
  }

  /** Connects, encrypts, authenticates and binds. @throws Error saying which step failed */
  static async logIn(options: LogIn): Promise<XmppClient> {
    const client = await XmppClient.#connect(options, "bound");
    client.#listen();
    return client;
  }

  /** Connects anew and goes on with a stream that broke (XEP-0198 §5). @throws Error saying which step failed */
  static async resume(options: LogIn, { jid, id: previd, handled: h }: Broken): Promise<XmppClient> {
    const client = await XmppClient.#connect(options, "authenticated");
    client.#listen();
    const answer = client.next(isAnswer, "an answer to <resume/>");
    client.#stream.send(new Element("resume", { xmlns: NS_SM, previd, h }).toString());
    try {
      const got = await answer;
      if (!got.is("resumed")) throw new Error(`not resumed: ${got.getChildElements()[0]?.name ?? got.name}`);
    } catch (error) {
      client.close();
      throw error;
    }
    client.jid = jid;
    client.#handled = h;
    return client;
  }

  static async #connect(options: LogIn, stage: "authenticated" | "bound"): Promise<XmppClient> {
    const { over, domain, local, password, resource, mechanism = "SCRAM-SHA-256" } = options;
    const stream = new ClientStream(await carrierOf(over, domain), domain);
    const client = new XmppClient(stream);
    const plan = { starttls: over.kind === "tcp", mechanism, credentials: { user: local, password }, resource, stage };
    try {
      client.jid = (await within(negotiate(stream, plan), "the log-in")) ?? "";
      return client;
    } catch (error) {
      stream.close();
      throw error;
    }
  }

  /** Enables stream management with resumption. XEP-0198 §3. @throws Error where the server does not */
  async enable(): Promise<{ readonly id: string }> {
    const answer = this.next(isAnswer, "an answer to <enable/>");
    this.#stream.send(`<enable xmlns="${NS_SM}" resume="true"/>`);
    const got = await answer;
    const { id } = got.attrs;
    if (!got.is("enabled") || typeof id !== "string") throw new Error("the server enables no resumption");
    this.#handled = 0;
    return { id };
  }

  /** Breaks the connection without a word. @returns what resuming it needs beside its id */
  drop(): Omit<Broken, "id"> {
    this.#stream.carrier.drop();
    return { jid: this.jid, handled: this.#handled };
  }

  /** The port of our end; undefined where the transport does not tell. */
  get localPort(): number | undefined {
    return this.#stream.carrier.localPort;
  }

  /** Resolves with the reason when the connection is gone. */
  get whenGone(): Promise<string> {
    return this.#whenGone.promise;
  }

  send(element: Element): void {
    // On a WebSocket each frame declares its namespaces (RFC 7395 §3.3.3).
    if (element.attrs.xmlns === undefined) element.attrs.xmlns = NS_CLIENT;
    this.#stream.send(element.toString());
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
    const { promise, resolve, reject } = Promise.withResolvers<Element>();
    const waiter: Waiter = { wanted, resolve, reject };
    this.#waiters.add(waiter);
    return within(promise, what, ms).finally(() => this.#waiters.delete(waiter));
  }

  close(): void {
    if (this.#gone === undefined) this.#stream.close();
  }

  #listen(): void {
    this.#stream.onClose = (reason) => this.#end(reason);
    this.#stream.takeElements((text) => this.#take(parse(text)));
  }

  #take(element: Element): void {
    if (/^(message|presence|iq)$/.test(element.name)) this.#handled += 1;
    if (element.is("r", NS_SM)) return this.#stream.send(`<a xmlns="${NS_SM}" h="${this.#handled}"/>`);
    for (const waiter of this.#waiters) if (waiter.wanted(element)) return waiter.resolve(element);
    this.#inbox.push(element);
    if (this.#inbox.length > INBOX) this.#inbox.shift();
  }

  #end(reason: string): void {
    const error = this.#inbox.find((element) => element.getName() === "error");
    this.#gone ??= error ? `stream error ${error.getChildElements()[0]?.name ?? ""}` : reason;
    for (const waiter of this.#waiters) waiter.reject(new Error(this.#gone));
    this.#whenGone.resolve(this.#gone);
  }
}

async function carrierOf(over: LogIn["over"], domain: string) {
  if (over.kind !== "websocket") return overTcp({ ...over, domain, direct: over.kind === "tls" });
  // Its library is only loaded where it is used.
  const { overWebSocket } = await import("./websocket.ts");
  return overWebSocket(over.url);
}

/** Rejects where something does not come in time. */
async function within<T>(work: Promise<T>, what: string, ms = ANSWER_MS): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = lastingClock.setTimeout(() => reject(new Error(`${what} did not come within ${ms / 1000} s`)), ms);
  return await Promise.race([work, promise]).finally(() => lastingClock.clearTimeout(late));
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
