// One client connection: from the first byte to a bound session. RFC 6120 §4.3 to §7.
import type { Logger } from "pino";
import type { Timer } from "../../xmpp/clock.ts";
import { Jid } from "../../xmpp/jid/jid.ts";
import { handlerOf, offeredText } from "../../xmpp/negotiation/receiving.ts";
import { randomToken } from "../../xmpp/random.ts";
import type { HeaderOut } from "../../xmpp/stream/header.ts";
import { declaresContent, languageOf } from "../../xmpp/stream/received-header.ts";
import { type StreamEnd, type StreamHandler, XmppStream } from "../../xmpp/stream/stream.ts";
import type { Transport } from "../../xmpp/stream/transport.ts";
import { NS_CLIENT, NS_STREAM } from "../../xmpp/xml/namespaces.ts";
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import type { StreamHeader } from "../../xmpp/xml/tokenizer.ts";
import type { StreamEnding } from "../accounts/lifecycle.ts";
import { acceptFromClient } from "../delivery/ingress.ts";
import { logFailure } from "../observe/failure.ts";
import { withoutSecrets } from "../observe/trace.ts";
import type { ClientHost } from "../ports/host.ts";
import { bindFeature, sessionFeature } from "./bind.ts";
import type { C2sFeature, ClientConnection } from "./client-connection.ts";
import type { C2sContext, OpenConnection } from "./context.ts";
import { limitsAfterAuthentication, limitsBeforeAuthentication } from "./limits.ts";
import { saslFeature } from "./sasl.ts";
import { sasl2Feature } from "./sasl2.ts";
import type { C2sSession } from "./session.ts";
import type { StanzaRate } from "./stanza-rates.ts";
import { startTlsFeature } from "./starttls.ts";
import { streamLimitsFeatures } from "./stream-limits.ts";
import { streamManagementFeature } from "./stream-management-feature.ts";

const CORE_FEATURES: readonly C2sFeature[] = [
  startTlsFeature,
  sasl2Feature,
  saslFeature,
  bindFeature,
  sessionFeature,
  streamManagementFeature,
  ...streamLimitsFeatures,
];

/** A client's connection. */
export class C2sConnection implements StreamHandler, ClientConnection {
  readonly context: C2sContext;
  readonly stream: XmppStream;
  readonly log: Logger;
  /** Set by the first header; a later one cannot change it. */
  host: ClientHost | undefined;
  /** Bare JID of the authenticated account. */
  account: Jid | undefined;
  /** Bare JID of the account whose credentials were just proven, while it is looked at once more. */
  claims: Jid | undefined;
  /** The session once a resource is bound. */
  session: C2sSession | undefined;
  /** SASL names that were offered last, for downgrade protection. */
  offeredMechanisms: readonly string[] = [];
  private lang: string | undefined;
  private deadline: Timer | undefined;
  /** Stanzas a second, once the stream has an account. */
  private rate: StanzaRate | undefined;

  constructor(transport: Transport, context: C2sContext) {
    this.context = context;
    this.log = context.log.child({ stream: randomToken(6), peer: transport.remoteAddress });
    this.stream = new XmppStream(transport, {
      contentNamespace: NS_CLIENT,
      limits: limitsBeforeAuthentication(context.limits),
      clock: context.clock,
      handler: this,
    });
    this.deadline = context.clock.setTimeout(
      () => this.stream.fail("connection-timeout", "authentication took too long"),
      context.limits.authenticationSeconds * 1000,
    );
    context.connections.add(this);
  }

  /** How far the stream has come. */
  get state(): "negotiating" | "authenticated" | "bound" {
    if (this.session !== undefined) return "bound";
    return this.authenticated ? "authenticated" : "negotiating";
  }

  /** True where the stream must be encrypted first, and is not; whether its host can do so makes no difference. */
  get tlsMissing(): boolean {
    return !this.stream.transport.encrypted && this.context.authentication.requireTls;
  }

  /** True once SASL succeeded. */
  get authenticated(): boolean {
    return this.account !== undefined;
  }

  opened(header: StreamHeader): void {
    const to = header.to === undefined ? undefined : Jid.tryParse(header.to);
    const host = to === undefined ? undefined : this.context.hosts.get(to.full);
    if (!declaresContent(header, NS_CLIENT)) return this.stream.fail("invalid-namespace");
    if (header.version === undefined || !/^[1-9][0-9]*\.[0-9]+$/.test(header.version))
      return this.stream.fail("unsupported-version", "XMPP 1.0 is needed");
    if (host === undefined) return this.stream.fail("host-unknown", "this server does not serve that domain");
    if (this.host !== undefined && this.host !== host)
      return this.stream.fail("not-authorized", "the stream's `to` may not change");
    if (
      header.from !== undefined &&
      this.account !== undefined &&
      Jid.tryParse(header.from)?.bare !== this.account.bare
    )
      return this.stream.fail("invalid-from", "the stream's `from` is not the authenticated account");
    this.host = host;
    this.lang = languageOf(header);
    this.stream.open(this.header(header.from));
    this.sendFeatures();
  }

  element(raw: RawElement): void | Promise<void> {
    if (raw.xmlns === NS_CLIENT) {
      if (this.session !== undefined) {
        this.count(raw.name);
        if (!this.context.trace.idle) this.traceIn(raw);
        const wait = this.rate?.take();
        return wait === undefined ? acceptFromClient(this.session, raw, this.lang) : this.acceptAfter(wait, raw);
      }
      for (const feature of this.everyFeature()) if (feature.accepts?.(this, raw)) return feature.handle?.(this, raw);
      return this.stream.fail("not-authorized", "no stanza before authentication and binding");
    }
    // As frequent as stanzas where a client acknowledges: no list is made of both.
    const feature = handlerOf(CORE_FEATURES, raw.xmlns) ?? handlerOf(this.host?.streamFeatures ?? [], raw.xmlns);
    if (feature?.handle !== undefined) return feature.handle(this, raw);
    if (!this.authenticated) return this.stream.fail("not-authorized", "authenticate first");
    return this.stream.fail("unsupported-stanza-type");
  }

  ended(end: StreamEnd): void {
    this.context.clock.clearTimeout(this.deadline);
    this.context.connections.delete(this);
    this.rate?.leave();
    this.rate = undefined;
    this.context.metrics.streamEnded(end);
    const { session } = this;
    this.log.debug(
      { jid: session?.jid.full, end: end.kind, error: "error" in end ? end.error : undefined },
      "stream ended",
    );
    session?.detach(this, end);
  }

  drained(): void {
    this.session?.sm?.sendingAgain.drained();
    this.session?.progressed();
  }

  crashed(error: unknown): void {
    logFailure(this.log, error, "stream handler failed");
  }

  defaultHeader(): HeaderOut {
    return this.header(undefined);
  }

  /** Called by a mechanism that succeeded: the stream belongs to the account from now on. */
  authenticatedAs(account: Jid): void {
    this.account = account;
    this.context.clock.clearTimeout(this.deadline);
    // Nothing is ever sent to a stream without a resource: one that binds none holds its place for nothing.
    this.deadline = this.context.clock.setTimeout(() => {
      if (this.session === undefined) this.stream.fail("connection-timeout", "no resource was bound");
    }, this.context.limits.authenticationSeconds * 1000);
    this.rate = this.context.rates.enter(account.bare, this.stream.transport.remoteAddress);
    const { work: workTogether, stint } = this.rate;
    this.stream.setLimits({ ...limitsAfterAuthentication(this.context.limits), workTogether, stint });
    this.log.info({ account: account.bare }, "authenticated");
  }

  /** Too many came too fast: this one is taken when its time has come, and nothing behind it is read until then. */
  private async acceptAfter(wait: Promise<void>, raw: RawElement): Promise<void> {
    await wait;
    // The session may have gone on over another stream, which was told that this stanza is not counted.
    if (this.session?.connection === this) await acceptFromClient(this.session, raw, this.lang);
  }

  private count(name: string): void {
    const counts = this.context.metrics.stanzas.client.in;
    if (name === "message" || name === "presence" || name === "iq") counts[name]++;
  }

  private traceIn(raw: RawElement): void {
    if (this.account !== undefined && this.context.trace.has(this.account.bare))
      this.log.info({ trace: "in", jid: this.session?.jid.full, xml: withoutSecrets(raw.toElement()) }, "trace");
  }

  /** Sends the features of the stream's present state. */
  sendFeatures(): void {
    this.stream.send(this.features());
  }

  private header(to: string | undefined): HeaderOut {
    return {
      from: this.host?.domain ?? this.context.hosts.keys().next().value,
      ...(to === undefined ? {} : { to }),
      id: randomToken(16),
      version: "1.0",
      lang: "en",
    };
  }

  private everyFeature(): readonly C2sFeature[] {
    return this.host === undefined ? CORE_FEATURES : [...CORE_FEATURES, ...this.host.streamFeatures];
  }

  /** The features of the stream's present state; before required TLS nothing but TLS. RFC 6120 §5.3.1. */
  private features(): string {
    const text = offeredText(this.tlsMissing ? [startTlsFeature] : this.everyFeature(), this);
    const declaration = this.stream.transport.framed ? ` xmlns:stream='${NS_STREAM}'` : "";
    return `<stream:features${declaration}>${text}</stream:features>`;
  }
}

/** Ends the streams that an account has opened, or is about to, and bound no resource on. */
export function endUnboundStreams(connections: Iterable<OpenConnection>, account: Jid, end: StreamEnding): void {
  for (const { account: owner, claims, session, stream } of connections)
    if ((owner ?? claims)?.full === account.full && session === undefined) stream.fail(end.condition, end.text);
}
