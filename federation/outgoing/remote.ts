// One remote domain: its domain pairs, the streams to it, and one state of failure that an operator can read and reset.
import type { ReturnCondition } from "../../server/index.ts";
import type { Jid } from "../../xmpp/jid/jid.ts";
import { describeEnd } from "../../xmpp/negotiation/dialogue.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { StreamEnd } from "../../xmpp/stream/stream.ts";
import { otherHost } from "../connecting/establish.ts";
import { lossOf, pauseBelow } from "../connecting/loss.ts";
import { offersManagement } from "../negotiation/management.ts";
import type { Opening } from "../negotiation/opening.ts";
import type { FederationContext } from "../way/context.ts";
import type { RemoteCounts } from "../way/counts.ts";
import { type Facts, OutgoingFailure, type OutgoingState, toldOf } from "../way/progress.ts";
import { BackOff } from "./back-off.ts";
import { Dialer, type DialerOwner } from "./dialer.ts";
import { logLine } from "./log.ts";
import { Pair, type RemoteOfPair } from "./pair.ts";
import { Patience } from "./patience.ts";
import { permits } from "./permits.ts";
import { isOwn, OutgoingStream } from "./stream.ts";
import { giveToPairs, mayGoOn, Suspension, Suspensions } from "./suspension.ts";

/** What remote domains share. */
export interface RemoteSurroundings {
  readonly context: FederationContext;
  /** A stream to the place where `domain` is as well, that may carry it too. XEP-0220 §2.7.2. */
  sharedTarget(domain: string): Promise<OutgoingStream | undefined>;
  /** Every remote domain that goes over a stream. */
  usersOf(stream: OutgoingStream): Iterable<Remote>;
}

/** A remote domain. */
export class Remote implements DialerOwner, RemoteOfPair {
  readonly domain: string;
  readonly context: FederationContext;
  counts: RemoteCounts;
  readonly backOff = new BackOff();
  readonly pairs = new Map<string, Pair>();
  readonly streams = new Set<OutgoingStream>();
  readonly dialer: Dialer;
  failure: OutgoingFailure | undefined;
  /** It is no more one of those that a sender made known and that may not be there. */
  forgotten: () => void = () => {};
  private readonly surroundings: RemoteSurroundings;
  over = false;
  private readonly patience = new Patience();
  /** Broken streams to go on with, by our domain of their own pair. */
  private readonly suspensions = new Suspensions();

  constructor(surroundings: RemoteSurroundings, domain: string) {
    this.surroundings = surroundings;
    this.context = surroundings.context;
    this.domain = domain;
    this.counts = this.context.counts.yet(domain);
    this.dialer = new Dialer(this);
  }

  /** The pair with a domain of ours. */
  pair(from: string): Pair {
    let pair = this.pairs.get(from);
    if (pair === undefined) {
      pair = new Pair(this, from, this.context.waiting);
      this.pairs.set(from, pair);
    }
    return pair;
  }

  /** Takes a stanza that cannot be written now. */
  take(pair: Pair, stanza: Stanza): void {
    if (this.over) return this.giveBack(stanza, "remote-server-timeout", "this server is shutting down");
    const { context, domain } = this;
    if (context.policy(domain).refuse)
      return this.giveBack(stanza, "policy-violation", toldOf("policy-violation", domain));
    // A stream that is closing has left nothing; of another one it is told what it left when it has ended.
    if (pair.carrier?.stream.writable === false && pair.carrier.ledger.length === 0) pair.carrier = undefined;
    if (pair.carrier === undefined && this.resting(pair)) return this.giveBackResting(pair, stanza);
    if (!pair.queue.push(stanza, context.config.queueStanzas, context.config.queueBytes))
      return this.giveBack(stanza, "resource-constraint", toldOf("resource-constraint", domain));
    if (pair.carrier === undefined) this.need(pair, stanza.from);
  }

  /** Has the pair get a stream, now or when it is time. */
  need(pair: Pair, sender?: Jid): void {
    if (pair.held || this.over) return;
    const policy = this.context.policy(this.domain);
    if (policy.refuse) pair.giveUp(new OutgoingFailure("policy-violation", `${policy.rule} refuse ${this.domain}`));
    else this.dialer.need(pair, sender);
  }

  /** A stream to it, or of its own, is proven. */
  proven(): void {
    this.counts = this.context.counts.of(this.domain);
    this.forgotten();
  }

  wrote(pair: Pair, stanza: Stanza): void {
    this.context.metrics.stanzas.server.out[stanza.kind]++;
    this.counts.out++;
    if (!this.context.trace.active) return;
    const from = stanza.from?.full ?? pair.from;
    this.tell("stanza out", { kind: stanza.kind, type: stanza.type, from, to: stanza.to?.full });
  }

  giveBack(stanza: Stanza, condition: ReturnCondition, text: string): void {
    this.counts.returned++;
    this.tell("returned", { kind: stanza.kind, condition, text });
    this.context.inbound.returned(stanza, condition, text);
    stanza.safety?.release("passed on");
  }

  /** It ended one stream after another. Where that goes on without anything getting through, it is the peer's own fault. */
  atFault(stanza: Stanza): void {
    const facts = { to: this.domain, kind: stanza.kind, id: stanza.id };
    logLine(this.context, "warn", "s2s out: a stanza ended the streams", { domain: this.domain, address: "", facts });
    this.giveBack(stanza, "policy-violation", `${this.domain} ends its streams on this stanza`);
    if (!this.patience.faulted()) return;
    this.failure = new OutgoingFailure("remote-server-timeout", `${this.domain} ends every stream on what it carries`);
    this.backOff.failed(this.context.clock.now());
    this.giveUp(this.failure);
  }

  /** Forgets failures: the domain showed that it is there, or an operator said so. */
  reset(): void {
    this.backOff.reset();
    this.failure = undefined;
    for (const pair of this.pairs.values()) pair.forgive();
    this.patience.encourage();
    this.dialer.unpause();
    this.retry();
  }

  /** Policy changed: streams and stanzas that it refuses now end, and streams it would not have made are made anew. */
  policyChanged(): void {
    const policy = this.context.policy(this.domain);
    if (!policy.refuse) {
      for (const stream of [...this.streams])
        if (!permits(policy, stream, this.domain)) stream.carrier.stream.fail("reset", "policy asks for more");
      return this.reset();
    }
    this.dialer.abort();
    for (const { carrier } of [...this.streams]) carrier.stream.fail("policy-violation", "federation is refused");
    this.giveUp(new OutgoingFailure("policy-violation", `${policy.rule} refuse ${this.domain}`));
  }

  /** True where nothing is lost by forgetting the domain. */
  get idle(): boolean {
    if (this.streams.size > 0 || !this.dialer.idle || this.suspensions.size > 0) return false;
    return this.backOff.wait(this.context.clock.now()) <= 0 && [...this.pairs.values()].every((pair) => pair.idle);
  }

  /** The end: streams are closed, what is left is given back. */
  close(): void {
    this.over = true;
    this.dialer.abort();
    this.dialer.unpause();
    for (const { carrier } of [...this.streams]) carrier.stream.fail("system-shutdown");
    this.giveUp(new OutgoingFailure("remote-server-timeout", "this server is shutting down"));
  }

  resumption(pair: Pair): Suspension | undefined {
    return this.suspensions.of(pair.from);
  }

  sharedTarget(): Promise<OutgoingStream | undefined> {
    return this.surroundings.sharedTarget(this.domain);
  }

  shared(pair: Pair, stream: OutgoingStream): void {
    this.streams.add(stream);
    this.recovered();
    pair.adopt(stream.carrier);
  }

  up(pair: Pair, opening: Opening): void {
    const { context, domain } = this;
    const stream = new OutgoingStream(opening, (ended, end) => this.ended(ended, end));
    const { method, bidi, resumed, reached } = opening;
    const facts = { from: pair.from, to: domain, method, bidi, address: reached.address };
    const line = { ...facts, resumed: resumed !== undefined, rule: context.policy(domain).rule };
    logLine(context, "info", "s2s out up", { domain, address: reached.address, facts: line });
    this.tell("up", facts);
    this.streams.add(stream);
    this.recovered();
    const suspension = this.suspensions.take(pair.from);
    if (resumed !== undefined) suspension?.goOn(stream, resumed, context.config.resumeSeconds);
    else suspension?.settle();
    if (resumed === undefined && offersManagement(opening)) stream.carrier.enable();
    // It may have found another way meanwhile, which it keeps.
    if (pair.carrier === undefined) pair.adopt(stream.carrier);
    opening.dialogue.handOver(stream, opening.stream);
  }

  failed(pair: Pair, failure: OutgoingFailure, state: OutgoingState): boolean {
    const { context, domain } = this;
    const now = context.clock.now();
    this.counts.failures++;
    const facts = { from: pair.from, state, reason: failure.message };
    const line = { ...facts, to: domain, rule: context.policy(domain).rule };
    logLine(context, "warn", "s2s out failed", { domain, address: "", facts: line });
    this.tell("failed", facts);
    if (this.over) return false;
    if (failure.scope === "pair" && this.resumption(pair) === undefined) {
      pair.fail(failure, now);
      return true;
    }
    this.failure = failure;
    if (this.suspensions.goAround(pair, now)) return true;
    if (this.patience.keeps(now) && failure.condition !== "policy-violation") {
      this.dialer.pause(this.patience.next(), () => this.retry());
      return false;
    }
    this.backOff.failed(now);
    this.giveUp(failure);
    return false;
  }

  tell(event: string, facts: Facts): void {
    const { trace, clock } = this.context;
    if (trace.active) trace.tell(this.domain, clock.now(), event, facts);
  }

  private resting(pair: Pair): boolean {
    const now = this.context.clock.now();
    return pair.backOff.wait(now) > 0 || (this.backOff.wait(now) > 0 && !this.patience.keeps(now));
  }

  private giveBackResting(pair: Pair, stanza: Stanza): void {
    const now = this.context.clock.now();
    const condition = (pair.failure ?? this.failure)?.condition ?? "remote-server-timeout";
    const seconds = Math.ceil(Math.max(pair.backOff.wait(now), this.backOff.wait(now)) / 1000);
    this.giveBack(stanza, condition, `${toldOf(condition, this.domain)}; next attempt in ${seconds} s`);
  }

  private recovered(): void {
    this.backOff.reset();
    this.failure = undefined;
    this.dialer.unpause();
  }

  /** Everything that waits is given back. */
  private giveUp(failure: OutgoingFailure): void {
    this.suspensions.settle();
    this.dialer.clear();
    for (const pair of this.pairs.values()) {
      if (pair.carrier !== undefined && !this.over) continue;
      pair.held = false;
      pair.giveUp(failure);
    }
  }

  /** A stream that this domain opened is over. */
  private ended(stream: OutgoingStream, end: StreamEnd): void {
    const { context } = this;
    const { carrier } = stream;
    const reason = carrier.fate ?? describeEnd(end);
    const address = carrier.stream.transport.remoteAddress;
    const facts = { from: stream.from, to: stream.to, end: reason };
    logLine(context, "info", "s2s out ended", { domain: stream.to, address, facts });
    this.tell("ended", { from: stream.from, reason });
    if (end.kind === "closed") carrier.closed(end.read === true);
    carrier.stop();
    const loss = { ...lossOf(end), unproven: carrier.unproven };
    if (carrier.ledger.sent > carrier.ledger.length) this.patience.gotThrough();
    // Which of them is at fault is found out at once: the others wait.
    else if (loss.blames && carrier.ledger.length > 0) this.patience.encourage();
    const users = [...this.surroundings.usersOf(stream)];
    const sharing = users.flatMap((remote) => [...remote.pairs.values()]).filter((pair) => pair.carrier === carrier);
    for (const remote of users) remote.without(stream, Math.random() * pauseBelow(end));
    if (end.kind === "peer-error") this.dialer.redirect = otherHost(end);
    if (!this.over && mayGoOn(stream, end) && this.suspensions.of(stream.from) === undefined) {
      const others = sharing.filter((pair) => !isOwn(stream, pair));
      this.suspensions.add(new Suspension(stream, this.pair(stream.from), others, context.clock.now()));
    } else giveToPairs(carrier.ledger, loss);
    for (const remote of users) remote.retry();
  }

  /** The stream is no way any more; a new one is tried after `pause` ms. */
  private without(stream: OutgoingStream, pause: number): void {
    const { clock, config } = this.context;
    for (const pair of this.pairs.values()) if (pair.carrier === stream.carrier) pair.carrier = undefined;
    this.streams.delete(stream);
    const wait = pause + this.patience.lost(stream.since, clock.now(), config.keepSeconds * 1000);
    if (wait > 0 && !this.over) this.dialer.pause(wait, () => this.retry());
  }

  /** Has every pair with something to send, and a broken stream, get a stream. */
  private retry(): void {
    if (this.over) return;
    this.suspensions.settle(this.context.clock.now());
    for (const from of this.suspensions.froms()) this.need(this.pair(from));
    for (const pair of this.pairs.values())
      if (pair.carrier === undefined && (pair.linked || pair.queue.length > 0)) this.need(pair);
  }
}
