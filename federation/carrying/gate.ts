// The door for stanzas of a remote server: of a proven domain, to one of ours, no faster than allowed, counted.
import { ADDED } from "../../xmpp/bounds.ts";
import { Jid } from "../../xmpp/jid/jid.ts";
import { ackText } from "../../xmpp/management/elements.ts";
import { Handled, UNOWNED } from "../../xmpp/management/handled.ts";
import {
  domainOfAddress,
  faultOf,
  faultReply,
  isStanzaKind,
  overBound,
  type StanzaFault,
} from "../../xmpp/stanza/fault.ts";
import { follow, type Safety } from "../../xmpp/stanza/safety.ts";
import { Stanza, type StanzaKind } from "../../xmpp/stanza/stanza.ts";
import type { XmppStream } from "../../xmpp/stream/stream.ts";
import { TokenBucket } from "../../xmpp/token-bucket.ts";
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import type { FederationContext } from "../way/context.ts";
import type { RemoteCounts } from "../way/counts.ts";

/** ms that stanzas may take to become safe before a stream is resumed: the peer sends again what is not counted then. */
const SAFE_TIMEOUT = 2_000;

/** Which domain pairs a stream is proven for. */
export interface ProvenPairs {
  /** True where any is. */
  readonly any: boolean;
  /** True where stanzas of `remote` to `local` may come. */
  has(remote: string, local: string): boolean;
  /** A domain of ours that stanzas of `remote` may come for; undefined for none. */
  localOf(remote: string): string | undefined;
}

/** Seconds of its rate that a stream may bring at once. */
const BURST_SECONDS = 2;

/** The door of one stream. */
export class Gate {
  /** Counts stanzas since stream management was enabled; undefined without. */
  counter: Handled | undefined;
  /** ms of the last stanza. */
  lastUse = 0;
  /** Language of the stanzas that name none themselves. RFC 6120 §4.7.4. */
  lang: string | undefined;
  private readonly context: FederationContext;
  private readonly stream: XmppStream;
  private readonly proven: ProvenPairs;
  private readonly rate: TokenBucket;
  private lastRemote = "";
  private lastLocal = "";
  private counts: RemoteCounts | undefined;
  /** The peer asked, and what it asked about is not all safe yet. */
  private owes = false;

  constructor(context: FederationContext, stream: XmppStream, proven: ProvenPairs) {
    this.context = context;
    this.stream = stream;
    this.proven = proven;
    const { stanzasPerSecond } = context.config;
    this.rate = new TokenBucket(context.clock, stanzasPerSecond, stanzasPerSecond * BURST_SECONDS);
  }

  /** Stanzas of the peer that are safe, modulo 2^32; undefined without stream management. */
  get handled(): number | undefined {
    return this.counter?.h;
  }

  /** Counts from here on; or goes on with the count of a stream that broke. XEP-0198 §3, §5. */
  manage(counter = new Handled(() => {})): void {
    counter.progressed = () => this.progressed();
    counter.unowned = () => this.context.log.error({ from: this.lastRemote }, UNOWNED);
    this.counter = counter;
  }

  /** The peer asks what was handled: it is told at once, and again when all of it is safe. */
  asked(): void {
    this.stream.send(ackText(this.handled ?? 0));
    this.owes = this.counter?.allSafe === false;
  }

  /** Resolves once all that came is safe, but not for ever. */
  async whenSafe(): Promise<void> {
    const { clock } = this.context;
    const { counter } = this;
    if (counter === undefined || counter.allSafe) return;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimeout(resolve, SAFE_TIMEOUT);
      void counter.whenSafe().then(() => {
        clock.clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Other bounds from now on. */
  limit(stanzasPerSecond: number): void {
    this.rate.limit(stanzasPerSecond, stanzasPerSecond * BURST_SECONDS);
  }

  /**
   * Takes an element in the server namespace. Whose stanzas they are is the stream's matter, and ends it; what is wrong
   * with one stanza of a proven domain is that stanza's alone. RFC 6120 §8.1.1.2, §8.1.2.2.
   */
  accept(raw: RawElement): void | Promise<void> {
    const { stream, context } = this;
    const { name } = raw;
    if (!isStanzaKind(name)) return stream.fail("unsupported-stanza-type");
    if (!this.proven.any) return stream.fail("not-authorized", "no domain is proven on this stream");
    const fromText = raw.attr("from");
    const toText = raw.attr("to");
    if (fromText === undefined || toText === undefined)
      return stream.fail("improper-addressing", "a stanza between servers needs `from` and `to`");
    const from = Jid.tryParse(fromText);
    const to = Jid.tryParse(toText);
    if (from === undefined || to === undefined) return this.misaddressed(raw, fromText, toText);
    if (from.domain !== this.lastRemote || to.domain !== this.lastLocal) {
      if (!this.proven.has(from.domain, to.domain)) return this.foreign(from.domain, to.domain);
      this.lastRemote = from.domain;
      this.lastLocal = to.domain;
      this.counts = context.counts.of(from.domain);
    }
    const fault = faultOf(raw);
    if (fault !== undefined) return this.alone(raw, from.domain, fault, to);
    return this.take(raw, from, to);
  }

  private take(raw: RawElement, from: Jid, to: Jid): void | Promise<void> {
    const { context } = this;
    context.metrics.stanzas.server.in[raw.name as StanzaKind]++;
    if (this.counts !== undefined) this.counts.in++;
    if (context.trace.active) this.trace(raw, from, to);
    this.lastUse = context.clock.now();
    const pause = this.rate.taking(1);
    const done = this.deliver(raw, from, to);
    return pause === undefined ? done : Promise.all([pause, done]).then(() => {});
  }

  /** Leaves a stanza out, and counts it as the peer does: it is no reason to end the stream, and costs what others cost. */
  leaveOut(raw: RawElement, remote: string | undefined, reason: string): void | Promise<void> {
    const { context } = this;
    const counts = remote === undefined ? (this.counts ?? context.counts.yet("")) : context.counts.of(remote);
    counts.faulty++;
    void this.counter?.accept(raw, refused);
    if (context.trace.active) {
      const [from, to] = [raw.attr("from"), raw.attr("to")];
      context.trace.tell(remote ?? this.lastRemote, context.clock.now(), "stanza refused", {
        kind: raw.name,
        from,
        to,
        reason,
      });
    }
    return this.rate.taking(1);
  }

  /** An address of older rules (RFC 6122, another Unicode), or one that nobody has: the domains must be right all the same. */
  private misaddressed(raw: RawElement, fromText: string, toText: string): void | Promise<void> {
    const remote = domainOfAddress(fromText);
    const local = domainOfAddress(toText);
    const reason = "`from` or `to` is no JID";
    if (remote === undefined) return this.leaveOut(raw, undefined, reason);
    if (local !== undefined && !this.proven.has(remote, local)) return this.foreign(remote, local);
    const instead = local ?? this.proven.localOf(remote);
    if (instead === undefined) return this.foreign(remote, toText.slice(0, 255));
    return this.alone(raw, remote, { condition: "jid-malformed", text: reason }, Jid.prepared("", instead, ""));
  }

  /** Answers one stanza with an error, where it may be, and goes on. */
  private alone(raw: RawElement, remote: string, fault: StanzaFault, to: Jid): void | Promise<void> {
    const reply = faultReply(raw, fault, to);
    if (reply !== undefined) this.context.route(reply);
    return this.leaveOut(raw, remote, fault.text);
  }

  private foreign(remote: string, local: string): void {
    const { stream, context } = this;
    if (!context.inbound.serves(local)) return stream.fail("host-unknown", `${local} is not served here`);
    stream.fail("invalid-from", `${remote} is not proven to ${local} on this stream`);
  }

  /**
   * An error on a stream that only we send on: a peer that cannot take a stanza may answer there. It is taken where the
   * stream is proven for that pair, as everywhere, and where it answers what was sent there. RFC 6120 §8.1.2.2, §8.3.1.
   */
  bounced(raw: RawElement, answers: (error: Stanza) => boolean): void | Promise<void> {
    const from = Jid.tryParse(raw.attr("from") ?? "");
    const to = Jid.tryParse(raw.attr("to") ?? "");
    if (!isStanzaKind(raw.name) || from === undefined || to === undefined)
      return this.leaveOut(raw, undefined, "only we send on this stream");
    if (!this.proven.has(from.domain, to.domain) || !this.context.inbound.serves(to.domain))
      return this.leaveOut(raw, undefined, "the stream is not proven for that domain");
    if (raw.name === "iq" && this.context.pings.take(raw)) return this.counter?.accept(raw, ponged);
    if (raw.attr("type") !== "error") return this.leaveOut(raw, undefined, "only we send on this stream");
    if (!answers(Stanza.fromRaw(raw, from, to)))
      return this.leaveOut(raw, undefined, "the error answers nothing that was sent on this stream");
    return this.take(raw, from, to);
  }

  private deliver(raw: RawElement, from: Jid, to: Jid): void | Promise<void> {
    if (raw.name === "iq" && this.context.pings.take(raw)) return this.counter?.accept(raw, ponged);
    const stanza = Stanza.fromRaw(raw, from, to, this.lang, this.context.config.stanzaBytes + ADDED.bytes);
    if (stanza.flaw !== undefined) return this.alone(raw, from.domain, overBound(stanza.flaw), to);
    const { counter } = this;
    if (counter === undefined) return this.context.inbound.deliver(stanza);
    const done = counter.accept(raw, (safety) => this.hand(stanza, safety));
    return counter.full ? Promise.all([done, counter.whenRoom()]).then(() => {}) : done;
  }

  private hand(stanza: Stanza, safety: Safety): void | Promise<void> {
    follow(stanza, safety);
    return this.context.inbound.deliver(stanza);
  }

  private progressed(): void {
    if (!this.owes || this.counter?.allSafe !== true) return;
    this.owes = false;
    this.stream.send(ackText(this.handled ?? 0));
  }

  private trace(raw: RawElement, from: Jid, to: Jid): void {
    const { trace, clock } = this.context;
    trace.tell(from.domain, clock.now(), "stanza in", {
      kind: raw.name,
      type: raw.attr("type"),
      from: from.full,
      to: to.full,
    });
  }
}

/** What is wrong with it its sender was told, where that is allowed. RFC 6120 §8.3.1. */
function refused(safety: Safety): void {
  safety.became("given back");
}

function ponged(safety: Safety): void {
  safety.became("no message");
}
