// Stanzas from one local domain to one remote domain: one way at a time, so that their order holds; never without an owner.
import type { ReturnCondition } from "../../server/index.ts";
import type { Jid } from "../../xmpp/jid/jid.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { Carrier } from "../carrying/carrier.ts";
import type { Entry } from "../carrying/ledger.ts";
import { endsStreams, mayBeResent, wasResent } from "../carrying/resend.ts";
import type { Sender } from "../carrying/sender.ts";
import type { Loss } from "../connecting/loss.ts";
import type { QueueBudget } from "../way/context.ts";
import { type OutgoingFailure, toldOf } from "../way/progress.ts";
import { BackOff } from "./back-off.ts";
import { Caution } from "./caution.ts";
import { StanzaQueue } from "./queue.ts";
import type { OutgoingStream } from "./stream.ts";

/** What a pair needs of its remote domain. */
export interface RemoteOfPair {
  readonly domain: string;
  /** True once it is closed: nothing waits any more. */
  readonly over: boolean;
  /** Why the last attempt to reach it failed; undefined where it did not. */
  readonly failure: OutgoingFailure | undefined;
  /** Takes a stanza that cannot be written now. */
  take(pair: Pair, stanza: Stanza): void;
  /** A stanza was written. */
  wrote(pair: Pair, stanza: Stanza): void;
  /** A stanza cannot cross: its sender is told. */
  giveBack(stanza: Stanza, condition: ReturnCondition, text: string): void;
  /** A stanza ended one stream after another. */
  atFault(stanza: Stanza): void;
  /** A stream to it, or of its own, is proven. */
  proven(): void;
  /** Has the pair get a stream, now or when it is time. */
  need(pair: Pair, sender?: Jid): void;
  /** The pair was proven on a stream that was there. */
  shared(pair: Pair, stream: OutgoingStream): void;
}

/** A domain pair. */
export class Pair implements Sender {
  readonly from: string;
  readonly to: string;
  readonly remote: RemoteOfPair;
  readonly queue: StanzaQueue;
  /** What is left of failures that concern this domain of ours alone. */
  readonly backOff = new BackOff();
  failure: OutgoingFailure | undefined;
  carrier: Carrier | undefined;
  /** Others' streams are no way for this pair: the peer refused it there. */
  ownStream = false;
  /** It is to have a stream at all times: see links.ts. */
  linked = false;
  /** Waits for the peer to take up a broken stream; until then nothing else is tried. */
  held = false;
  /** Its own broken stream is to be taken up again (XEP-0198 §5): no other way may overtake what that one left. */
  resuming = false;
  private readonly caution = new Caution();
  /** A stream of the peer's that came along meanwhile. */
  private spare: Carrier | undefined;

  /** `budget` is what all queues of the node hold together. */
  constructor(remote: RemoteOfPair, from: string, budget: QueueBudget) {
    this.remote = remote;
    this.from = from;
    this.to = remote.domain;
    this.queue = new StanzaQueue(budget);
  }

  /** Takes a stanza: written, queued, or given back. */
  send(stanza: Stanza): void {
    const { carrier } = this;
    if (carrier === undefined || this.queue.length > 0 || !this.caution.allows(carrier, this))
      return this.remote.take(this, stanza);
    switch (carrier.carry(this, stanza)) {
      case "sent":
        return this.remote.wrote(this, stanza);
      case "too large":
        return this.tooLarge(stanza, carrier);
      default:
        return this.remote.take(this, stanza);
    }
  }

  /** Goes over a stream from now on. */
  adopt(carrier: Carrier): void {
    this.carrier = carrier;
    this.remote.proven();
    this.held = false;
    this.resuming = false;
    this.spare = undefined;
    this.failure = undefined;
    this.backOff.reset();
    this.roomAgain();
  }

  /** A stream of the peer's comes along: a way that the pair has it keeps, and what it left goes first, so that order holds. */
  offer(carrier: Carrier): void {
    if (this.carrier !== undefined || this.held) return;
    if (this.resuming) this.spare = carrier;
    else this.adopt(carrier);
  }

  /** True where a stream of the peer's may take the place of its own, which is to be taken up again. */
  get hasSpare(): boolean {
    return this.spare?.stream.writable === true && this.carrier === undefined && !this.held;
  }

  /** Goes on by the stream of the peer's. */
  goAround(): boolean {
    const { spare } = this;
    if (spare === undefined || !this.hasSpare) return false;
    this.adopt(spare);
    return true;
  }

  roomAgain(): void {
    const { carrier, queue } = this;
    if (carrier === undefined) return;
    for (let stanza = queue.first; stanza !== undefined; stanza = queue.first) {
      if (!this.caution.allows(carrier, this)) return;
      const outcome = carrier.carry(this, stanza);
      if (outcome === "full" || outcome === "closed") return;
      queue.shift();
      if (outcome === "sent") this.remote.wrote(this, stanza);
      else this.tooLarge(stanza, carrier);
    }
  }

  /** The peer announced that it takes no stanza of that size. XEP-0478 §4. */
  private tooLarge(stanza: Stanza, { maxBytes }: Carrier): void {
    this.remote.giveBack(stanza, "policy-violation", `${this.to} takes at most ${maxBytes} bytes in a stanza`);
  }

  /** True where a stanza would be written now. */
  get up(): boolean {
    return this.carrier?.stream.writable === true;
  }

  /** True where nothing waits and nothing is kept. */
  get idle(): boolean {
    return this.queue.length === 0 && this.carrier === undefined && !this.held && !this.linked;
  }

  /** Forgets failures. */
  forgive(): void {
    this.backOff.reset();
    this.failure = undefined;
    this.ownStream = false;
  }

  /** The peer refuses this domain of ours: what waits is given back, and for a while what comes. */
  fail(failure: OutgoingFailure, now: number): void {
    this.failure = failure;
    this.backOff.failed(now);
    this.giveUp(failure);
  }

  /** What waits is given back. */
  giveUp({ condition }: OutgoingFailure): void {
    for (const stanza of this.queue.drain()) this.remote.giveBack(stanza, condition, toldOf(condition, this.to));
  }

  /**
   * The stream is gone, and `stanzas` of this pair may or may not have arrived. What may be sent twice waits at the
   * front to be sent once more, the rest is given back; so is one that ended several streams on which it was `alone`.
   */
  takeBack(stanzas: readonly Stanza[], { blames, unproven }: Loss, alone: boolean): void {
    const { remote, to } = this;
    const again: Stanza[] = [];
    let careful = blames;
    for (const stanza of stanzas)
      if (!mayBeResent(stanza) || remote.over || unproven === true)
        remote.giveBack(stanza, "remote-server-timeout", `the stream to ${to} ended; whether it arrived is not known`);
      else {
        const before = wasResent(stanza);
        if (before) careful = true;
        if (alone && (before || blames) && endsStreams(stanza, blames)) remote.atFault(stanza);
        else again.push(stanza);
      }
    if (careful) this.caution.begin();
    this.queue.putBack(again);
  }
}

/** Sorts what a stream left by its pair, each in order. */
export function byPair(entries: readonly Entry<Sender>[]): Map<Pair, Stanza[]> {
  const sorted = new Map<Pair, Stanza[]>();
  for (const { stanza, owner } of entries) {
    if (!(owner instanceof Pair)) continue;
    const known = sorted.get(owner);
    if (known) known.push(stanza);
    else sorted.set(owner, [stanza]);
  }
  return sorted;
}
