// A client of a talk: brought to the stage its line names, then spoken stanza by stanza.
import type { Credentials } from "../../xmpp/client/mechanism.ts";
import { STAGES as NEGOTIATED, negotiate } from "../../xmpp/client/negotiate.ts";
import { NS_CLIENT, NS_FRAMING } from "../../xmpp/xml/namespaces.ts";
import { type Actor, ping, waitFor } from "./actor.ts";
import { negotiable, showItem } from "./negotiable.ts";
import type { Wire } from "./wire.ts";
import type { XmlNode } from "./xml-node.ts";

/** How far a stream is negotiated before the talk goes on. */
export type Stage = (typeof STAGES)[number];
export const STAGES = ["connected", ...NEGOTIATED, "online"] as const;

/** What a client's line says. */
export interface ClientPlan {
  readonly domain: string;
  readonly resource: string;
  readonly login: Credentials;
  readonly mechanism: string;
  /** True where STARTTLS comes first: plain TCP. */
  readonly starttls: boolean;
  readonly stage: Stage;
  readonly priority: number | undefined;
  /** xml:lang of its streams. */
  readonly lang: string | undefined;
}

const SM = "urn:xmpp:sm:3";

/** A client. */
export class Client implements Actor {
  readonly name: string;
  readonly ns = NS_CLIENT;
  readonly wire: Wire;
  readonly plan: ClientPlan;
  /** Full JID once bound. */
  full: string | undefined;
  /** Asks the server something unrelated, for wires that cannot ask themselves. */
  private readonly elsewhere: () => Promise<void>;
  private gone = false;
  private managed = false;

  constructor(name: string, wire: Wire, plan: ClientPlan, elsewhere: () => Promise<void>) {
    this.name = name;
    this.wire = wire;
    this.plan = plan;
    this.elsewhere = elsewhere;
  }

  get inbox() {
    return this.wire.inbox;
  }

  get receiver() {
    return { full: this.full };
  }

  get live(): boolean {
    return this.full !== undefined && !this.gone && !this.wire.ended;
  }

  send(text: string): void {
    // A stream that manages its stanzas must not count the barrier's: `<r/>` is not counted. XEP-0198 §4.
    if (/<(enable|resume)\s[^>]*urn:xmpp:sm:3/.test(text)) this.managed = true;
    this.wire.send(text);
  }

  sendBytes(bytes: Uint8Array): void {
    this.wire.sendBytes(bytes);
  }

  /** Tells the harness that this stream is bound, for talks that bind by hand. */
  bound(full: string): void {
    this.full = full;
  }

  /** Asks its own server, or that of another domain. */
  async barrier(domain = this.plan.domain): Promise<void> {
    if (!this.live) return this.elsewhere();
    if (this.managed && domain === this.plan.domain) {
      const answer = waitFor(this.wire.answers, "sm-ack", "the answer to <r/>");
      this.wire.send(`<r xmlns="${SM}"/>`);
      return answer;
    }
    return ping(this.wire.answers, domain, undefined, (text) => this.wire.send(text));
  }

  async close(): Promise<void> {
    this.gone = true;
    this.wire.send(this.wire.framed ? `<close xmlns="${NS_FRAMING}"/>` : "</stream:stream>");
    let closed = false;
    for (;;) {
      const item = await this.inbox.next();
      if (item.kind === "close") {
        closed = true;
        this.wire.end();
      } else if (item.kind === "end" && closed) return;
      else if (item.kind !== "end") throw new Error(`came while closing: ${showItem(item)}`);
      else throw new Error("the connection ended without the end of the stream");
    }
  }

  cut(): void {
    this.gone = true;
    this.wire.destroy();
  }

  /** Negotiates up to the plan's stage. @throws Error telling what the server said instead */
  async negotiate(): Promise<void> {
    const { stage, starttls, mechanism, login, resource } = this.plan;
    if (stage === "connected") return;
    const plan = { starttls, mechanism, credentials: login, resource, stage: stage === "online" ? "bound" : stage };
    this.full = await negotiate(this.stream(), plan);
    if (stage === "online") await this.available();
  }

  /** Sends a stream header and reads the server's, with its features. */
  async openStream(): Promise<void> {
    const stream = this.stream();
    await stream.open();
    await stream.next();
  }

  /** Its stream as negotiation sees it. */
  stream() {
    return negotiable(this.wire, this.plan.domain, this.plan.lang);
  }

  /** Sends initial presence and waits until it came back to this resource. RFC 6121 §4.2.2. */
  private async available(): Promise<void> {
    const { priority } = this.plan;
    this.wire.send(priority === undefined ? "<presence/>" : `<presence><priority>${priority}</priority></presence>`);
    await this.barrier();
    this.inbox.drop((item) => item.kind === "element" && item.node.name === "presence" && isAvailable(item.node));
  }
}

function isAvailable(node: XmlNode): boolean {
  return !node.attributes.has("type");
}
