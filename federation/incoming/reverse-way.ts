// A peer's bidirectional stream as a way for our stanzas: asked for, proven, offered to pairs, and given up. XEP-0288.

import type { Clock, Timer } from "../../xmpp/clock.ts";
import { limitsOf } from "../../xmpp/negotiation/limits.ts";
import type { XmppStream } from "../../xmpp/stream/stream.ts";
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import { Carrier } from "../carrying/carrier.ts";
import type { Pair } from "../outgoing/pair.ts";
import type { Way } from "../way/way.ts";
import type { AuthorisedDomains } from "./authorised-domains.ts";

/** ms after which our stanzas go over it although the peer has not said whether it resumes another stream. */
const SETTLE = 1_000;

/** Our direction of an incoming stream. */
export class ReverseWay {
  /** There once a domain is proven, where the peer asked for both ways. */
  carrier: Carrier | undefined;
  private readonly clock: Clock;
  private readonly stream: XmppStream;
  private readonly domains: AuthorisedDomains;
  private readonly pairOf: (way: Way) => Pair;
  private request: RawElement | undefined;
  private timer: Timer | undefined;
  private settled = false;

  /** `pairOf` finds whose stanzas may go on a way. */
  constructor(stream: XmppStream, clock: Clock, domains: AuthorisedDomains, pairOf: (way: Way) => Pair) {
    this.clock = clock;
    this.stream = stream;
    this.domains = domains;
    this.pairOf = pairOf;
  }

  get requested(): boolean {
    return this.request !== undefined;
  }

  /** Takes `<bidi/>`: after TLS, before authentication. XEP-0288 §2. */
  accept(raw: RawElement, allowed: boolean): void {
    if (raw.name !== "bidi" || !allowed || !this.stream.transport.encrypted || this.domains.any)
      return this.stream.fail("policy-violation", "no bidirectional stream now");
    this.request = raw;
  }

  /** The stream's first pair is proven. True where the peer asked for both ways. */
  open(way: Way): boolean {
    if (this.request === undefined) return false;
    this.carrier = new Carrier(way, this.stream);
    this.carrier.setLimits(limitsOf(this.request.toElement()));
    return true;
  }

  /** The peer may say now whether it resumes another stream; for a while we wait for that. */
  settleSoon(): void {
    if (this.carrier !== undefined) this.timer ??= this.clock.setTimeout(() => this.offerAll(), SETTLE);
  }

  /** Lets our stanzas to the proven domains go over the stream. */
  offerAll(): void {
    if (this.settled) return;
    this.settled = true;
    this.clock.clearTimeout(this.timer);
    for (const way of this.domains.ways()) this.offer(way);
  }

  /** One more pair is proven; its answer is written first. */
  proven(way: Way): void {
    if (this.settled) queueMicrotask(() => this.offer(way));
  }

  /** The pairs that go over the stream have no way any more; returns them. What is unacknowledged stays in the ledger. */
  close(): Pair[] {
    this.clock.clearTimeout(this.timer);
    this.carrier?.stop();
    const pairs = this.pairs();
    for (const pair of pairs) pair.carrier = undefined;
    return pairs;
  }

  private offer(way: Way): void {
    const { carrier } = this;
    if (carrier === undefined || !this.stream.writable || !way.policy.bidirectional) return;
    this.pairOf(way).offer(carrier);
  }

  private pairs(): Pair[] {
    if (this.carrier === undefined) return [];
    const pairs: Pair[] = [];
    for (const way of this.domains.ways()) {
      const pair = this.pairOf(way);
      if (pair.carrier === this.carrier) pairs.push(pair);
    }
    return pairs;
  }
}
