// The door for stanzas of a remote server: of a proven domain, to one of ours, no faster than allowed, counted.
import { Jid, type RawElement, Stanza, type XmppStream } from "../../server/index.ts";
import type { FederationContext } from "../context.ts";
import type { RemoteCounts } from "../counts.ts";
import { StanzaRate } from "./stanza-rate.ts";

/** Which domain pairs a stream is proven for. */
export interface ProvenPairs {
  /** True where any is. */
  readonly any: boolean;
  /** True where stanzas of `remote` to `local` may come. */
  has(remote: string, local: string): boolean;
}

/** The door of one stream. */
export class Gate {
  /** Stanzas handled since stream management was enabled, modulo 2^32; undefined without. */
  handled: number | undefined;
  /** A stanza that is being delivered. */
  inFlight: Promise<void> | undefined;
  /** ms of the last stanza. */
  lastUse = 0;
  private readonly context: FederationContext;
  private readonly stream: XmppStream;
  private readonly proven: ProvenPairs;
  private readonly rate: StanzaRate;
  private lastRemote = "";
  private lastLocal = "";
  private counts: RemoteCounts | undefined;

  constructor(context: FederationContext, stream: XmppStream, proven: ProvenPairs) {
    this.context = context;
    this.stream = stream;
    this.proven = proven;
    this.rate = new StanzaRate(context.clock, context.config.stanzasPerSecond);
  }

  /** Other bounds from now on. */
  limit(stanzasPerSecond: number): void {
    this.rate.reset(stanzasPerSecond);
  }

  /** Takes an element in the server namespace. RFC 6120 §8.1.1.2, §8.1.2.2. */
  accept(raw: RawElement): void | Promise<void> {
    const { stream, context } = this;
    const { name } = raw;
    if (name !== "message" && name !== "presence" && name !== "iq") return stream.fail("unsupported-stanza-type");
    if (!this.proven.any) return stream.fail("not-authorized", "no domain is proven on this stream");
    const from = Jid.tryParse(raw.attr("from") ?? "");
    const to = Jid.tryParse(raw.attr("to") ?? "");
    if (from === undefined || to === undefined)
      return stream.fail("improper-addressing", "a stanza between servers needs `from` and `to`");
    if (from.domain !== this.lastRemote || to.domain !== this.lastLocal) {
      if (!this.proven.has(from.domain, to.domain)) {
        if (!context.inbound.serves(to.domain)) return stream.fail("host-unknown", `${to.domain} is not served here`);
        return stream.fail("invalid-from", `${from.domain} is not proven to ${to.domain} on this stream`);
      }
      this.lastRemote = from.domain;
      this.lastLocal = to.domain;
      this.counts = context.counts.of(from.domain);
    }
    context.metrics.stanzas.server.in[name]++;
    if (this.counts !== undefined) this.counts.in++;
    if (context.trace.active) this.trace(raw, from, to);
    this.lastUse = context.clock.now();
    const pause = this.rate.take();
    const done = name === "iq" && context.pings.take(raw) ? undefined : this.deliver(raw, from, to);
    return pause === undefined ? done : pause.then(() => done);
  }

  private deliver(raw: RawElement, from: Jid, to: Jid): void | Promise<void> {
    const done = this.context.inbound.deliver(Stanza.fromRaw(raw, from, to));
    if (done === undefined) return this.count();
    const settled = done.then(() => this.count());
    this.inFlight = settled;
    return settled;
  }

  private count(): void {
    if (this.handled !== undefined) this.handled = (this.handled + 1) % 2 ** 32;
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
