// An outgoing stream once it is proven: carries stanzas of one domain pair or several, and theirs where it is bidirectional.
import { randomBytes } from "node:crypto";
import type { Element } from "ltx";
import { logFailure } from "../../server/index.ts";
import { handledOf } from "../../xmpp/management/elements.ts";
import { limitsOf } from "../../xmpp/negotiation/limits.ts";
import type { HeaderOut } from "../../xmpp/stream/header.ts";
import type { StreamEnd, StreamHandler } from "../../xmpp/stream/stream.ts";
import { NS_DIALBACK, NS_SERVER, NS_SM, NS_STREAM } from "../../xmpp/xml/namespaces.ts";
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import type { StreamHeader } from "../../xmpp/xml/tokenizer.ts";
import { Bounces } from "../carrying/bounces.ts";
import { Carrier } from "../carrying/carrier.ts";
import { Gate } from "../carrying/gate.ts";
import { answerAddresses, dialbackErrorText, dialbackPair, verifyAnswer } from "../dialback/answer.ts";
import { Verifications } from "../dialback/verifications.ts";
import {
  dialbackRefusal,
  dialbackText,
  isDialbackAnswer,
  offersDialback,
  offersDialbackErrors,
} from "../negotiation/dialback.ts";
import type { Method, Opening } from "../negotiation/opening.ts";
import type { CertificateVerdict } from "../tls/index.ts";
import { OutgoingFailure, STATE_SECONDS } from "../way/progress.ts";
import { Way } from "../way/way.ts";

/** Domain pairs that wait for an answer on one stream. */
const MAX_PENDING = 100;

/** A stream that may be taken up again after it broke. XEP-0198 §5. */
export interface Resumable {
  readonly id: string;
  readonly seconds: number;
}

/** True where the stream was opened for that very pair. */
export function isOwn(stream: OutgoingStream, pair: { readonly from: string; readonly to: string }): boolean {
  return pair.from === stream.from && pair.to === stream.to;
}

/** An outgoing stream. */
export class OutgoingStream implements StreamHandler {
  readonly from: string;
  readonly to: string;
  readonly method: Method | undefined;
  readonly bidi: boolean;
  readonly carrier: Carrier;
  /** Address and port it goes to. */
  readonly place: string;
  /** ms since the epoch. */
  readonly since: number;
  resumable: Resumable | undefined;
  /** Questions about dialback keys that go over this stream. */
  readonly verifications: Verifications;
  readonly gate: Gate;
  /** What the peer's certificate proved; undefined without TLS. */
  readonly certificate: CertificateVerdict | undefined;
  private readonly way: Way;
  private readonly onEnd: (stream: OutgoingStream, end: StreamEnd) => void;
  private header: StreamHeader | undefined;
  private features: Element | undefined;
  /** Domain pairs proven besides the first: multiplexing. XEP-0220 §2.7. */
  private readonly more = new Set<string>();
  private readonly pending = new Map<string, (refusal: OutgoingFailure | undefined) => void>();

  constructor(opening: Opening, onEnd: (stream: OutgoingStream, end: StreamEnd) => void) {
    const { way, stream, header, features, reached } = opening;
    const { context, local, remote } = way;
    // Nobody waits for its progress any more.
    this.way = new Way(context, local, remote);
    this.from = local;
    this.to = remote;
    this.method = opening.method;
    this.bidi = opening.bidi;
    this.certificate = opening.certificate;
    this.header = header;
    this.features = features;
    this.onEnd = onEnd;
    this.place = `${reached.address} ${reached.target.port}`;
    this.since = context.clock.now();
    this.carrier = new Carrier(this.way, stream);
    this.carrier.setLimits(limitsOf(features));
    this.verifications = new Verifications(stream, context);
    this.carrier.questions.askHere = (answered) => this.askHere(answered);
    this.gate = new Gate(context, stream, {
      any: this.bidi,
      has: (remote, local) => this.proves(local, remote),
      localOf: (remote) => (remote === this.to ? this.from : undefined),
    });
    if (!this.bidi) this.carrier.bounces = new Bounces();
    this.gate.limit(way.policy.stanzasPerSecond);
  }

  /** True where stanzas of `from` to `to` may go over this stream. */
  proves(from: string, to: string): boolean {
    return (from === this.from && to === this.to) || this.more.has(`${from} ${to}`);
  }

  /** True where another domain pair may be offered: of another sender, or (`targets`) of another target. XEP-0220 §2.7. */
  takesMore(targets: boolean): boolean {
    const { stream } = this.carrier;
    if (!stream.writable || this.header === undefined || this.pending.size >= MAX_PENDING) return false;
    if (this.more.size + 1 >= this.way.policy.maxDomainsPerStream) return false;
    return targets ? offersDialbackErrors(this.features) : offersDialback(this.header, this.features);
  }

  /** Proves another domain pair on this stream; resolves with why not, where the peer refused. Never rejects. */
  prove(from: string, to: string): Promise<OutgoingFailure | undefined> {
    const { clock } = this.way.context;
    const pair = `${from} ${to}`;
    return new Promise((resolve) => {
      const timer = clock.setTimeout(
        () => settle(new OutgoingFailure("remote-server-timeout", `${to} did not answer our dialback key`, "pair")),
        STATE_SECONDS.authenticating * 1000,
      );
      const settle = (refusal: OutgoingFailure | undefined) => {
        clock.clearTimeout(timer);
        this.pending.delete(pair);
        if (refusal === undefined) this.more.add(pair);
        resolve(refusal);
      };
      this.pending.set(pair, settle);
      this.carrier.stream.send(dialbackText(new Way(this.way.context, from, to), this.header?.id ?? ""));
    });
  }

  /**
   * Has the peer say on this stream whether some key is its own, which it answers in order, behind the stanzas: the stream
   * is alive, and they were read. XEP-0220 §2.4.2.
   */
  private askHere(answered: () => void): boolean {
    const { header, features, verifications } = this;
    if (header === undefined || !offersDialback(header, features) || !verifications.room) return false;
    const [streamId, key] = [randomBytes(9).toString("hex"), randomBytes(16).toString("hex")];
    void verifications
      .ask({ receiving: this.from, originating: this.to, streamId, key })
      .then((verdict) => (verdict.kind !== "error" || verdict.condition !== "remote-server-timeout") && answered());
    return true;
  }

  /** Takes over pairs of a stream that this one goes on for. */
  inherit(pairs: Iterable<string>): void {
    for (const pair of pairs) this.more.add(pair);
  }

  /** Pairs proven besides the first. */
  get otherPairs(): ReadonlySet<string> {
    return this.more;
  }

  get errorsOffered(): boolean {
    return offersDialbackErrors(this.features);
  }

  /** Only where features were pipelined past: the header of the stream after SASL. */
  opened(header: StreamHeader): void {
    this.header = header;
  }

  element(raw: RawElement): void | Promise<void> {
    switch (raw.xmlns) {
      case NS_SERVER:
        return this.stanza(raw);
      case NS_SM:
        return this.management(raw);
      case NS_DIALBACK:
        return this.dialback(raw);
      case NS_STREAM:
        if (raw.name !== "features" || this.features !== undefined) return;
        this.features = raw.toElement();
        this.carrier.setLimits(limitsOf(this.features));
    }
  }

  ended(end: StreamEnd): void {
    for (const settle of [...this.pending.values()])
      settle(
        new OutgoingFailure("remote-server-timeout", `${this.to} ended the stream before it answered our key`, "pair"),
      );
    this.verifications.end(end);
    this.way.context.metrics.streamEnded(end);
    this.onEnd(this, end);
  }

  defaultHeader(): HeaderOut {
    return this.way.header;
  }

  crashed(error: unknown): void {
    logFailure(this.way.context.log, error, "s2s handler failed");
  }

  drained(): void {
    this.carrier.roomAgain();
  }

  private stanza(raw: RawElement): void | Promise<void> {
    const { carrier, gate } = this;
    if (!this.bidi)
      return gate.bounced(raw, (error) => {
        const known = carrier.bounces?.take(error) === true;
        return carrier.ledger.answer(error) || known;
      });
    carrier.heard();
    return gate.accept(raw);
  }

  private management(raw: RawElement): void {
    const { carrier, gate } = this;
    switch (raw.name) {
      case "r":
        return gate.asked();
      case "a":
        return carrier.acknowledged(handledOf(raw));
      case "failed":
        return carrier.refused();
      case "enabled": {
        const id = raw.attr("id");
        const seconds = Number(raw.attr("max") ?? this.way.context.config.resumeSeconds);
        const resume = raw.attr("resume");
        // The peer counts what it sends from here on. XEP-0198 §3.
        gate.manage();
        if (id !== undefined && id.length <= 4000 && (resume === "true" || resume === "1") && seconds > 0)
          this.resumable = { id, seconds };
      }
    }
  }

  private dialback(raw: RawElement): void {
    const pair = dialbackPair(raw);
    if (pair === undefined) return this.carrier.stream.fail("improper-addressing");
    if (raw.name === "verify" && raw.attr("type") !== undefined) return this.verifications.answered(raw, pair);
    if (isDialbackAnswer(raw)) return this.pending.get(`${pair.to} ${pair.from}`)?.(dialbackRefusal(raw, pair.from));
    // A question, which only a peer of a bidirectional stream may ask. XEP-0288 §2.
    if (!this.bidi) return;
    const { stream } = this.carrier;
    if (raw.name === "verify") return stream.send(verifyAnswer(this.way.context, raw, pair.from, pair.to));
    // Further domains prove themselves on a stream of their own. XEP-0220 §2.5.
    const text = "prove further domains on a stream of your own";
    stream.send(dialbackErrorText("result", answerAddresses(pair.from, pair.to), "resource-constraint", text));
  }
}
