// An incoming stream of another server: negotiated, authenticated for domain pairs, read stanza by stanza.
import { randomBytes } from "node:crypto";
import { logFailure } from "../../server/index.ts";
import type { Timer } from "../../xmpp/clock.ts";
import { describeEnd } from "../../xmpp/negotiation/dialogue.ts";
import { handlerOf, offeredText } from "../../xmpp/negotiation/receiving.ts";
import type { HeaderOut } from "../../xmpp/stream/header.ts";
import { languageOf } from "../../xmpp/stream/received-header.ts";
import { type StreamEnd, type StreamHandler, XmppStream } from "../../xmpp/stream/stream.ts";
import type { Transport } from "../../xmpp/stream/transport.ts";
import { NS_DIALBACK, NS_SERVER } from "../../xmpp/xml/namespaces.ts";
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import type { StreamHeader } from "../../xmpp/xml/tokenizer.ts";
import type { Carrier } from "../carrying/carrier.ts";
import { Gate } from "../carrying/gate.ts";
import { lossOf } from "../connecting/loss.ts";
import { S2S_FEATURES } from "../negotiation/table.ts";
import type { Pair } from "../outgoing/pair.ts";
import { giveToPairs } from "../outgoing/suspension.ts";
import type { CertificateVerdict } from "../tls/index.ts";
import type { FederationContext } from "../way/context.ts";
import { authenticatedLimits, UNAUTHENTICATED_LIMITS } from "../way/limits.ts";
import type { Policy } from "../way/policy.ts";
import type { Facts } from "../way/progress.ts";
import type { Way } from "../way/way.ts";
import { AuthorisedDomains, type Proof, suffices } from "./authorised-domains.ts";
import { HANDLED, type Observed } from "./features.ts";
import { type Claimed, claimedBy, headerFault } from "./header.ts";
import type { IncomingObserver } from "./observer.ts";
import { ReverseWay } from "./reverse-way.ts";
import type { Resumable, Slot } from "./stream.ts";
import type { IncomingStreams } from "./streams.ts";
import { Verdicts } from "./verdicts.ts";

/** Ends that are nobody's fault. */
const IN_ORDER: ReadonlySet<string> = new Set(["system-shutdown", "conflict", "reset"]);

/** What incoming streams share. */
export interface Surroundings {
  readonly context: FederationContext;
  readonly streams: IncomingStreams;
  readonly observer: IncomingObserver;
}

/** One incoming stream. */
export class IncomingSession implements StreamHandler, Observed {
  readonly context: FederationContext;
  readonly stream: XmppStream;
  readonly domains = new AuthorisedDomains();
  readonly gate: Gate;
  readonly reverse: ReverseWay;
  readonly verdicts: Verdicts;
  managed: Resumable | undefined;
  /** Id of the present stream; dialback keys are bound to it. */
  id = "";
  /** Domain pairs whose dialback keys are being verified. */
  readonly verifying = new Set<string>();
  local: string | undefined;
  remote: string | undefined;
  /** What the last header said, believed or not. */
  private claimed: Claimed = { from: undefined, to: undefined };
  readonly observer: IncomingObserver;
  private readonly streams: IncomingStreams;
  private readonly slot: Slot | undefined;
  private timer: Timer | undefined;
  private detached = false;
  private bytesSeen = 0;

  constructor(transport: Transport, { context, streams, observer }: Surroundings, slot: Slot | undefined) {
    this.context = context;
    this.streams = streams;
    this.observer = observer;
    this.slot = slot;
    this.stream = new XmppStream(transport, {
      contentNamespace: NS_SERVER,
      limits: UNAUTHENTICATED_LIMITS,
      clock: context.clock,
      handler: this,
    });
    this.gate = new Gate(context, this.stream, this.domains);
    this.reverse = new ReverseWay(this.stream, context.clock, this.domains, ({ local, remote }) =>
      observer.pair(local, remote),
    );
    this.verdicts = new Verdicts(context, this.stream);
    streams.sessions.add(this);
    this.timer = context.clock.setTimeout(
      () => this.stream.fail("connection-timeout", "authentication took too long"),
      context.config.connectSeconds * 1000,
    );
  }

  opened(header: StreamHeader): void | Promise<void> {
    this.id = randomBytes(16).toString("base64url");
    const fault = headerFault(this.context, header, { from: this.remote, to: this.local });
    this.claimed = claimedBy(header);
    if (fault !== undefined) return this.stream.fail(fault.condition, fault.text);
    this.local = this.claimed.to;
    this.remote ??= this.claimed.from;
    this.gate.lang = languageOf(header);
    if (this.remote !== undefined && this.context.policy(this.remote).refuse)
      return this.stream.fail("policy-violation", `federation with ${this.remote} is refused`);
    const verdict = this.remote === undefined || this.domains.any ? undefined : this.verdicts.of(this.remote);
    if (verdict instanceof Promise) return verdict.then((settled) => this.answer(header, settled));
    this.answer(header, verdict);
  }

  element(raw: RawElement): void | Promise<void> {
    if (raw.xmlns === NS_SERVER) {
      if (this.domains.any) this.reverse.offerAll();
      this.carrier?.heard();
      return this.gate.accept(raw);
    }
    const feature = handlerOf(HANDLED, raw.xmlns);
    if (feature?.handle !== undefined) return feature.handle(this, raw);
    return this.stream.fail(this.domains.any ? "unsupported-stanza-type" : "not-authorized");
  }

  ended(end: StreamEnd): void {
    const { context } = this;
    context.clock.clearTimeout(this.timer);
    this.slot?.release();
    const reason = this.carrier?.fate ?? describeEnd(end);
    const remotes = this.domains.remotes();
    // A crowd that has not even sent a header gets no line each.
    if (end.kind === "failed" && this.id !== "" && !IN_ORDER.has(end.error.condition))
      this.refused(this.domains.any ? "ended" : "refused", end.error.condition, end.error.text ?? reason);
    context.log.debug({ remotes, end: reason, peer: this.stream.transport.remoteAddress }, "s2s in ended");
    for (const remote of remotes) this.tell(remote, "incoming ended", { reason });
    context.metrics.streamEnded(end);
    this.streams.delete(this);
    if (!this.detached) this.leave(end);
  }

  crashed(error: unknown): void {
    logFailure(this.context.log, error, "s2s handler failed");
  }

  drained(): void {
    this.carrier?.roomAgain();
  }

  defaultHeader(): HeaderOut {
    return {
      ...(this.local === undefined ? {} : { from: this.local }),
      ...(this.remote === undefined ? {} : { to: this.remote }),
      id: this.id === "" ? randomBytes(16).toString("base64url") : this.id,
      version: "1.0",
      prefixes: { db: NS_DIALBACK },
    };
  }

  /** What holds for the domain that the peer says it is. */
  get policy(): Policy {
    return this.context.policy(this.remote ?? "");
  }

  /** The pair is proven; false where stream or domain has as many as it may. */
  authorise(way: Way, method: Proof): boolean {
    const { context, stream, domains } = this;
    const { policy, remote, local } = way;
    const first = !domains.any;
    if (domains.has(remote, local)) return true;
    if (!first && domains.size >= policy.maxDomainsPerStream) return false;
    if (!this.streams.claim(remote, this)) return false;
    domains.add({ way, method }, policy.maxDomainsPerStream);
    const facts = {
      from: remote,
      to: local,
      method,
      bidi: this.reverse.requested,
      encrypted: stream.transport.encrypted,
    };
    const peer = stream.transport.remoteAddress;
    context.strangers.tell({ peer, name: remote }, { ...facts, rule: policy.rule, peer }, "s2s in authenticated");
    way.tell("incoming authenticated", facts);
    if (first) this.admitted(way, method);
    else this.reverse.proven(way);
    this.observer.authenticated(remote);
    return true;
  }

  /** Something a peer wanted was refused: told to the operator, by whatever names the peer gave. */
  refused(what: string, condition: string | undefined, reason: string): void {
    const { context, stream } = this;
    const from = this.remote ?? this.claimed.from ?? this.domains.first?.remote;
    const { rule } = context.policy(from ?? "");
    const to = this.local ?? this.claimed.to;
    const peer = stream.transport.remoteAddress;
    const facts = { to, condition, reason, rule, peer };
    context.strangers.tell({ peer, name: from ?? "" }, { from, ...facts }, `s2s in ${what}`);
    this.tell(from ?? "a server without name", `incoming ${what}`, facts);
  }

  private tell(remote: string, event: string, facts: Facts): void {
    const { trace, clock } = this.context;
    if (trace.active) trace.tell(remote, clock.now(), event, facts);
  }

  /** A place to verify a dialback key in; undefined where its network has too many. */
  placeForVerification(): Slot | undefined {
    return this.streams.admitVerification(this.stream.transport.remoteAddress);
  }

  /** Our stanzas' way over this stream, where it is bidirectional and proven. */
  get carrier(): Carrier | undefined {
    return this.reverse.carrier;
  }

  /** Another stream goes on in place of this one, which ends; returns the pairs that went over it. */
  detach(): Pair[] {
    if (this.detached) return [];
    this.detached = true;
    const pairs = this.reverse.close();
    this.stream.fail("conflict", "the stream was resumed by another one");
    return pairs;
  }

  /** Policy changed: what it would not let in now has to prove itself anew. RFC 6120 §4.9.3.16. */
  policyChanged(): void {
    const { stream } = this;
    for (const { way, method } of this.domains.proofs()) {
      const { policy } = way;
      if (policy.refuse) return stream.fail("policy-violation", "federation is refused");
      if (!suffices(policy, method, stream.transport.encrypted)) return stream.fail("reset", "policy asks for more");
      this.gate.limit(policy.stanzasPerSecond);
    }
  }

  private answer(header: StreamHeader, verdict: CertificateVerdict | undefined): void {
    const { stream, context } = this;
    if (!stream.writable) return;
    stream.open(this.defaultHeader());
    this.reverse.settleSoon();
    // A peer older than XMPP 1.0 gets no features, and can only use dialback. RFC 6120 §4.7.5.
    if (header.version === undefined) return;
    if (verdict?.kind === "invalid") this.refused("EXTERNAL not offered", undefined, verdict.reason);
    const features = offeredText(S2S_FEATURES, {
      policy: this.policy,
      encrypted: stream.transport.encrypted,
      canEncrypt: context.tlsContext(this.local as string) !== undefined,
      authenticated: this.domains.any,
      external: verdict?.kind === "valid",
      maxBytes: context.config.stanzaBytes,
      idleSeconds: context.config.idleSeconds * 2,
    });
    stream.send(`<stream:features>${features}</stream:features>`);
  }

  /** The first pair is proven. */
  private admitted(way: Way, method: Proof): void {
    const { context, stream } = this;
    context.clock.clearTimeout(this.timer);
    this.slot?.release();
    stream.setLimits(authenticatedLimits(context, way.remote));
    this.gate.limit(way.policy.stanzasPerSecond);
    if (!this.reverse.open(way)) this.watch();
    // After SASL the stream begins anew first.
    else if (method !== "external") this.reverse.settleSoon();
  }

  /** What was under way over this stream is kept for the peer to resume, or finds another way. */
  private leave(end: StreamEnd): void {
    const { carrier, managed } = this;
    const pairs = this.reverse.close();
    if (managed !== undefined && end.kind === "broken" && carrier?.fate === undefined) {
      managed.suspend(carrier?.ledger, pairs);
      return carrier?.ledger.resumedInVain === true ? managed.letGo() : undefined;
    }
    if (managed !== undefined) this.observer.resumable.delete(managed.id);
    if (end.kind === "closed") carrier?.closed(end.read === true);
    if (carrier !== undefined) giveToPairs(carrier.ledger, { ...lossOf(end), unproven: carrier.unproven });
    for (const pair of pairs) if (pair.queue.length > 0) pair.remote.need(pair);
  }

  /** A stream on which nothing comes for twice the time we close our own after is closed. */
  private watch(): void {
    const { stream, context } = this;
    this.timer = context.clock.setTimeout(() => {
      if (stream.bytesIn === this.bytesSeen) return stream.close();
      this.bytesSeen = stream.bytesIn;
      this.watch();
    }, context.config.idleSeconds * 2000);
  }
}
