// The door for stanzas of a remote server: of a proven domain, to one of ours, no faster than allowed, counted.
import { Handled, Jid, type RawElement, Stanza, type XmppStream } from "../../server/index.ts";
import type { FederationContext } from "../context.ts";
import type { RemoteCounts } from "../counts.ts";
import { ackText } from "../management/elements.ts";
import { StanzaRate } from "./stanza-rate.ts";

/** ms that stanzas may take to become safe before a stream is resumed without their being counted. */
const SAFE_TIMEOUT = 5_000;

/** Which domain pairs a stream is proven for. */
export interface ProvenPairs {
  /** True where any is. */
  readonly any: boolean;
  /** True where stanzas of `remote` to `local` may come. */
  has(remote: string, local: string): boolean;
}

/** The door of one stream. */
export class Gate {
  /** Counts stanzas since stream management was enabled; undefined without. */
  counter: Handled | undefined;
  /** ms of the last stanza. */
  lastUse = 0;
  private readonly context: FederationContext;
  private readonly stream: XmppStream;
  private readonly proven: ProvenPairs;
  private readonly rate: StanzaRate;
  private lastRemote = "";
  private lastLocal = "";
  private counts: RemoteCounts | undefined;
  /** The peer asked, and what it asked about is not all safe yet. */
  private owes = false;

  constructor(context: FederationContext, stream: XmppStream, proven: ProvenPairs) {
    this.context = context;
    this.stream = stream;
    this.proven = proven;
    this.rate = new StanzaRate(context.clock, context.config.stanzasPerSecond);
  }

  /** Stanzas of the peer that are safe, modulo 2^32; undefined without stream management. */
  get handled(): number | undefined {
    return this.counter?.h;
  }

  /** Counts from here on; or goes on with the count of a stream that broke. XEP-0198 §3, §5. */
  manage(counter = new Handled(() => {})): void {
    counter.progressed = () => this.progressed();
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
    const done = this.deliver(raw, from, to);
    return pause === undefined ? done : Promise.all([pause, done]).then(() => {});
  }

  private deliver(raw: RawElement, from: Jid, to: Jid): void | Promise<void> {
    const safety = this.counter?.take();
    if (raw.name === "iq" && this.context.pings.take(raw)) return safety?.release();
    const stanza = Stanza.fromRaw(raw, from, to);
    if (raw.name === "message") stanza.safety = safety;
    const done = this.context.inbound.deliver(stanza);
    if (done === undefined) return safety?.release();
    return done.then(() => safety?.release());
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
