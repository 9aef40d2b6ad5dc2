// An external component: a program that serves a domain of its own through this server. XEP-0114.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Logger } from "pino";
import { ADDED, FROM_COMPONENTS } from "../../xmpp/bounds.ts";
import type { Clock, Timer } from "../../xmpp/clock.ts";
import { Jid } from "../../xmpp/jid/jid.ts";
import {
  domainOfAddress,
  faultOf,
  faultReply,
  isStanzaKind,
  overBound,
  type StanzaFault,
} from "../../xmpp/stanza/fault.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { HeaderOut } from "../../xmpp/stream/header.ts";
import { declaresContent, languageOf } from "../../xmpp/stream/received-header.ts";
import { type Limits, type StreamEnd, type StreamHandler, XmppStream } from "../../xmpp/stream/stream.ts";
import type { Transport } from "../../xmpp/stream/transport.ts";
import { stanzaLimits } from "../../xmpp/xml/limits.ts";
import { NS_COMPONENT } from "../../xmpp/xml/namespaces.ts";
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import type { StreamHeader } from "../../xmpp/xml/tokenizer.ts";
import { giveBack } from "../delivery/give-back.ts";
import type { DomainService, Router } from "../delivery/route.ts";
import { logFailure } from "../observe/failure.ts";
import type { StrangersLog } from "../observe/strangers.ts";

/** ms a component has to prove itself. */
const HANDSHAKE_TIMEOUT = 10_000;

const LIMITS: Limits = {
  xml: stanzaLimits(FROM_COMPONENTS),
  bytesPerSecond: 16_777_216,
  burstBytes: 67_108_864,
  workPerSecond: 700,
  backlogBytes: 16_777_216,
};

/** What a component's connection needs. */
export interface ComponentContext {
  readonly router: Router;
  /** Secret of each component's domain. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly clock: Clock;
  readonly log: Logger;
  /** For what anybody can cause who reaches the port, or a component at fault. */
  readonly strangers: StrangersLog;
  /** Counts a stanza that was answered alone for what is wrong with it. */
  faulty(): void;
  /** Connections that are not over. */
  readonly connections: Set<ComponentConnection>;
}

/** Makes configured components' domains ours from the start, so that a stanza for one is looked for nowhere else. */
export function reserveComponents(router: Router, domains: Iterable<string>): void {
  for (const domain of domains) if (!router.serves(domain)) router.services.set(domain, new AbsentComponent(router));
}

/** Stands in for a component that is not connected: who wrote to it is told to try again. RFC 6120 §8.3.3.16. */
class AbsentComponent implements DomainService {
  private readonly router: Router;

  constructor(router: Router) {
    this.router = router;
  }

  accept(stanza: Stanza): void | Promise<void> {
    if (this.router.elsewhere?.forward(stanza) === true) return;
    return giveBack(this.router, stanza, "remote-server-timeout", { text: "the component is not connected" });
  }
}

/** One component's connection. */
export class ComponentConnection implements StreamHandler, DomainService {
  readonly stream: XmppStream;
  private readonly context: ComponentContext;
  private readonly id = randomBytes(16).toString("base64url");
  private readonly deadline: Timer;
  private domain: string | undefined;
  private serving = false;
  /** Language of what says none itself. */
  private lang: string | undefined;

  constructor(transport: Transport, context: ComponentContext) {
    this.context = context;
    this.stream = new XmppStream(transport, {
      contentNamespace: NS_COMPONENT,
      limits: LIMITS,
      clock: context.clock,
      handler: this,
    });
    this.deadline = context.clock.setTimeout(
      () => this.stream.fail("connection-timeout", "the handshake took too long"),
      HANDSHAKE_TIMEOUT,
    );
    context.connections.add(this);
  }

  opened(header: StreamHeader): void {
    const domain = Jid.tryParse(header.to ?? "")?.full;
    if (!declaresContent(header, NS_COMPONENT)) return this.stream.fail("invalid-namespace");
    if (domain === undefined || !this.context.secrets.has(domain)) return this.stream.fail("host-unknown");
    this.domain = domain;
    this.lang = languageOf(header);
    this.stream.open(this.defaultHeader());
  }

  element(raw: RawElement): void | Promise<void> {
    if (raw.xmlns !== NS_COMPONENT) return this.stream.fail("invalid-namespace");
    if (this.serving) return this.stanza(raw);
    if (raw.name !== "handshake") return this.stream.fail("not-authorized");
    this.handshake(raw.toElement().getText().trim());
  }

  /** Takes a stanza for the component's domain. */
  accept(stanza: Stanza): void | Promise<void> {
    // Nothing is written any more to a stream that is closing.
    if (!this.stream.writable) return new AbsentComponent(this.context.router).accept(stanza);
    this.stream.sendStanza(stanza);
    stanza.safety?.became("written");
  }

  ended(end: StreamEnd): void {
    this.context.clock.clearTimeout(this.deadline);
    const { router, connections } = this.context;
    connections.delete(this);
    if (this.domain !== undefined && router.services.get(this.domain) === this) {
      router.services.set(this.domain, new AbsentComponent(router));
      router.elsewhere?.gone(this.domain);
    }
    this.tell({ end: end.kind }, "component gone");
  }

  defaultHeader(): HeaderOut {
    return { ...(this.domain === undefined ? {} : { from: this.domain }), id: this.id };
  }

  crashed(error: unknown): void {
    logFailure(this.context.log, error, "component handler failed", { component: this.domain });
  }

  /** XEP-0114 §3 step 3: the hex SHA-1 of stream id and secret. */
  private handshake(given: string): void {
    const domain = this.domain ?? "";
    const expected = createHash("sha1")
      .update(this.id + this.context.secrets.get(domain), "utf8")
      .digest("hex");
    const a = Buffer.from(given.toLowerCase());
    const b = Buffer.from(expected);
    if (a.length !== b.length || !timingSafeEqual(a, b)) return this.stream.fail("not-authorized");
    if (!(this.context.router.services.get(domain) instanceof AbsentComponent))
      return this.stream.fail("conflict", "the component is connected already");
    this.context.clock.clearTimeout(this.deadline);
    this.serving = true;
    this.context.router.services.set(domain, this);
    this.context.router.elsewhere?.connected(domain);
    this.stream.send("<handshake/>");
    this.tell({}, "component connected");
  }

  /** A component speaks for any address of its domain, and for nobody else. */
  private stanza(raw: RawElement): void | Promise<void> {
    if (!isStanzaKind(raw.name)) return this.stream.fail("unsupported-stanza-type");
    const fromText = raw.attr("from") ?? "";
    const from = Jid.tryParse(fromText);
    const to = Jid.tryParse(raw.attr("to") ?? "");
    const domain = from?.domain ?? domainOfAddress(fromText);
    if (domain === undefined) return this.stream.fail("improper-addressing");
    if (domain !== this.domain) return this.stream.fail("invalid-from");
    if (from === undefined || to === undefined)
      return this.refuse(raw, { condition: "jid-malformed", text: "`from` or `to` is no JID" });
    const fault = faultOf(raw);
    if (fault !== undefined) return this.refuse(raw, fault);
    const stanza = Stanza.fromRaw(raw, from, to, this.lang, FROM_COMPONENTS.bytes + ADDED.bytes);
    return stanza.flaw === undefined ? this.context.router.route(stanza) : this.refuse(raw, overBound(stanza.flaw));
  }

  /** One stanza that cannot be taken, whatever else the component has to say. */
  private refuse(raw: RawElement, fault: StanzaFault): void {
    this.context.faulty();
    this.tell({ kind: raw.name, reason: fault.text }, "component stanza refused");
    const reply = faultReply(raw, fault, Jid.parse(this.domain ?? ""));
    if (reply !== undefined) this.stream.sendStanza(reply);
  }

  private tell(facts: object, text: string): void {
    const { domain, stream, context } = this;
    const stranger = { peer: stream.transport.remoteAddress, name: domain ?? "" };
    context.strangers.tell(stranger, { component: domain, ...facts }, text);
  }
}
