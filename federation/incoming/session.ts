// An incoming stream of another server: negotiated, authenticated for domain pairs, read stanza by stanza.
import { randomBytes } from "node:crypto";
import {
  type HeaderOut,
  Jid,
  NS_DIALBACK,
  NS_DIALBACK_FEATURE,
  NS_SASL,
  NS_SERVER,
  NS_TLS,
  type RawElement,
  Stanza,
  type StreamEnd,
  type StreamHandler,
  type StreamHeader,
  type Transport,
  XmppStream,
} from "../../server/index.ts";
import { AUTHENTICATED_LIMITS, type FederationContext, UNAUTHENTICATED_LIMITS } from "../context.ts";
import { judge } from "../outgoing/establish.ts";
import { policyFor } from "../policy.ts";
import { AuthorisedDomains } from "./authorised-domains.ts";
import { acceptDialback } from "./dialback.ts";

/** Domain pairs one stream may carry. */
const MAX_PAIRS = 100;

/** Told by a session to who keeps account of them. */
export interface IncomingObserver {
  /** A remote domain proved itself. */
  authenticated(remote: string): void;
  ended(session: IncomingSession): void;
}

/** One incoming stream. */
export class IncomingSession implements StreamHandler {
  readonly context: FederationContext;
  readonly stream: XmppStream;
  readonly domains = new AuthorisedDomains(MAX_PAIRS);
  /** Id of the present stream; dialback keys are bound to it. */
  id = "";
  /** Dialback keys being verified. */
  verifying = 0;
  private readonly observer: IncomingObserver;
  private local: string | undefined;
  private remote: string | undefined;
  private deadline: object | number | undefined;

  constructor(transport: Transport, context: FederationContext, observer: IncomingObserver) {
    this.context = context;
    this.observer = observer;
    this.stream = new XmppStream(transport, NS_SERVER, UNAUTHENTICATED_LIMITS, context.clock, this);
    this.deadline = context.clock.setTimeout(
      () => this.stream.fail("connection-timeout", "authentication took too long"),
      context.config.connectSeconds * 1000,
    );
  }

  opened(header: StreamHeader): void {
    const to = header.to === undefined ? undefined : Jid.tryParse(header.to)?.full;
    const from = header.from === undefined ? undefined : Jid.tryParse(header.from)?.full;
    this.id = randomBytes(16).toString("base64url");
    if (header.defaultNamespace !== NS_SERVER) return this.stream.fail("invalid-namespace");
    if (to === undefined) return this.stream.fail("improper-addressing", "the stream header needs a `to`");
    if (!this.context.inbound.serves(to)) return this.stream.fail("host-unknown");
    if (this.local !== undefined && this.local !== to) return this.stream.fail("host-unknown", "`to` may not change");
    if (this.remote !== undefined && from !== undefined && this.remote !== from)
      return this.stream.fail("invalid-from", "`from` may not change");
    this.local = to;
    this.remote ??= from;
    if (this.remote !== undefined && policyFor(this.context.config, this.remote).refuse)
      return this.stream.fail("policy-violation");
    this.stream.open(this.defaultHeader());
    // A peer older than XMPP 1.0 gets no features, and can only use dialback. RFC 6120 §4.7.5.
    if (header.version !== undefined) this.stream.send(`<stream:features>${this.features()}</stream:features>`);
  }

  element(raw: RawElement): void | Promise<void> {
    switch (raw.xmlns) {
      case NS_SERVER:
        return this.stanza(raw);
      case NS_DIALBACK:
        return acceptDialback(this, raw);
      case NS_TLS:
        return this.startTls(raw);
      case NS_SASL:
        return this.sasl(raw);
      default:
        return this.stream.fail(this.domains.size > 0 ? "unsupported-stanza-type" : "not-authorized");
    }
  }

  ended(end: StreamEnd): void {
    this.context.clock.clearTimeout(this.deadline);
    this.context.log.debug({ remotes: this.domains.remotes(), end: end.kind }, "s2s in ended");
    this.context.metrics.streamEnded(end);
    this.observer.ended(this);
  }

  crashed(error: unknown): void {
    this.context.log.error({ err: error }, "s2s handler failed");
  }

  defaultHeader(): HeaderOut {
    return {
      ...(this.local === undefined ? {} : { from: this.local }),
      ...(this.remote === undefined ? {} : { to: this.remote }),
      id: this.id,
      version: "1.0",
      prefixes: { db: NS_DIALBACK },
    };
  }

  /** The pair is proven; false where the stream carries too many. */
  authorise(remote: string, local: string, method: "external" | "dialback"): boolean {
    if (!this.domains.add(remote, local)) return false;
    if (this.deadline !== undefined) {
      this.context.clock.clearTimeout(this.deadline);
      this.deadline = undefined;
      this.stream.setLimits(AUTHENTICATED_LIMITS);
    }
    this.context.log.info({ from: remote, to: local, method }, "s2s in authenticated");
    this.observer.authenticated(remote);
    return true;
  }

  private features(): string {
    const { transport } = this.stream;
    if (!transport.encrypted && this.context.tlsContext(this.local as string) !== undefined) {
      const required = this.context.config.requireEncryption ? "<required/>" : "";
      if (required !== "") return `<starttls xmlns='${NS_TLS}'>${required}</starttls>`;
      return `<starttls xmlns='${NS_TLS}'/>${this.dialbackFeature()}`;
    }
    if (this.domains.size > 0) return "";
    const external = this.certificateProves(this.remote)
      ? `<mechanisms xmlns='${NS_SASL}'><mechanism>EXTERNAL</mechanism></mechanisms>`
      : "";
    return external + this.dialbackFeature();
  }

  private dialbackFeature(): string {
    return `<dialback xmlns='${NS_DIALBACK_FEATURE}'><errors/></dialback>`;
  }

  private certificateProves(domain: string | undefined): boolean {
    if (domain === undefined || this.context.inbound.serves(domain)) return false;
    const verdict = judge(this.context, domain, this.stream.transport.tls?.socket);
    if (verdict?.kind === "invalid")
      this.context.log.info({ from: domain, reason: verdict.reason }, "no EXTERNAL offered");
    return verdict?.kind === "valid";
  }

  private async startTls(raw: RawElement): Promise<void> {
    const { stream, context } = this;
    const secureContext = this.local === undefined ? undefined : context.tlsContext(this.local);
    if (raw.name !== "starttls" || stream.transport.encrypted || secureContext === undefined || this.domains.size > 0) {
      stream.send(`<failure xmlns='${NS_TLS}'/>`);
      return stream.close();
    }
    stream.send(`<proceed xmlns='${NS_TLS}'/>`);
    stream.restart();
    try {
      await stream.transport.startTls("server", {
        context: secureContext,
        sni: (name) => context.tlsContext(name.toLowerCase()),
        requestCert: true,
      });
    } catch (error) {
      context.log.info({ from: this.remote, reason: (error as Error).message }, "s2s in TLS handshake failed");
      stream.destroy();
    }
  }

  /** SASL EXTERNAL: the certificate must prove the domain that is claimed. XEP-0178 §3. */
  private sasl(raw: RawElement): void {
    const { stream } = this;
    if (raw.name !== "auth") return stream.fail("unsupported-stanza-type");
    const text = raw.toElement().getText().trim();
    const authzid =
      text === "" || text === "=" ? this.remote : Jid.tryParse(Buffer.from(text, "base64").toString())?.full;
    const refuse = (condition: string) => {
      stream.send(`<failure xmlns='${NS_SASL}'><${condition}/></failure>`);
      if (raw.attr("mechanism") === "EXTERNAL" && condition === "not-authorized") stream.close();
    };
    if (raw.attr("mechanism") !== "EXTERNAL") return refuse("invalid-mechanism");
    if (authzid === undefined || (this.remote !== undefined && authzid !== this.remote))
      return refuse("invalid-authzid");
    if (!this.certificateProves(authzid)) return refuse("not-authorized");
    this.remote = authzid;
    if (!this.authorise(authzid, this.local as string, "external")) return refuse("temporary-auth-failure");
    stream.send(`<success xmlns='${NS_SASL}'/>`);
    stream.restart();
  }

  /** A stanza must come from a proven domain, to the domain it was proven to. RFC 6120 §8.1.1.2, §8.1.2.2. */
  private stanza(raw: RawElement): void | Promise<void> {
    const { stream } = this;
    if (raw.name !== "message" && raw.name !== "presence" && raw.name !== "iq")
      return stream.fail("unsupported-stanza-type");
    const from = Jid.tryParse(raw.attr("from") ?? "");
    const to = Jid.tryParse(raw.attr("to") ?? "");
    if (from === undefined || to === undefined) return stream.fail("improper-addressing");
    if (this.domains.size === 0) return stream.fail("not-authorized");
    if (!this.domains.has(from.domain, to.domain)) {
      if (!this.context.inbound.serves(to.domain)) return stream.fail("host-unknown");
      return stream.fail("invalid-from");
    }
    this.context.metrics.stanzas.server.in[raw.name]++;
    return this.context.inbound.deliver(Stanza.fromRaw(raw, from, to));
  }
}
