// A broken stream that the peer may take up again, and what it left. XEP-0198 §5.
import type { Handled } from "../../xmpp/management/handled.ts";
import type { StreamEnd } from "../../xmpp/stream/stream.ts";
import type { Ledger } from "../carrying/ledger.ts";
import type { Sender } from "../carrying/sender.ts";
import type { Loss } from "../connecting/loss.ts";
import { byPair, type Pair } from "./pair.ts";
import type { OutgoingStream } from "./stream.ts";

/** ms that what a broken stream left waits to go on there, and not twice, before it goes another way that there is. */
const HOLD = 10_000;

/** What is known of a stream that broke. */
export class Suspension {
  readonly id: string;
  /** Our domain of the stream's own pair: it must be the one to resume. */
  readonly from: string;
  /** Counts what we had handled of the peer's stanzas. */
  readonly counter: Handled | undefined;
  /** ms at which the peer forgets it. */
  readonly until: number;
  /** ms from which on another way is taken where there is one. */
  readonly anotherWayFrom: number;
  private readonly ledger: Ledger<Sender>;
  private readonly otherPairs: ReadonlySet<string>;
  private readonly own: Pair;
  /** Pairs that shared the stream: while what they had under way is kept here, nothing of theirs may overtake it. */
  private readonly held: readonly Pair[];

  /** The count to resume with: what the peer sent beyond it counts when it comes again. */
  recount(): number {
    return this.counter?.resume() ?? 0;
  }

  /** `stream` broke and was resumable; `sharing` went over it besides its `own` pair. */
  constructor(stream: OutgoingStream, own: Pair, sharing: readonly Pair[], now: number) {
    const { id, seconds } = stream.resumable ?? { id: "", seconds: 0 };
    this.id = id;
    this.from = stream.from;
    this.counter = stream.gate.counter;
    this.until = now + seconds * 1000;
    this.anotherWayFrom = now + HOLD;
    this.ledger = stream.carrier.ledger;
    this.otherPairs = stream.otherPairs;
    this.own = own;
    this.held = sharing;
    for (const pair of sharing) pair.held = true;
    own.resuming = own.carrier === undefined && this.ledger.length > 0;
  }

  /** The peer took it up on `stream`, having handled so many of our stanzas: the others are sent again. */
  goOn(stream: OutgoingStream, handled: number, seconds: number): void {
    stream.gate.manage(this.counter);
    stream.resumable = { id: this.id, seconds };
    stream.inherit(this.otherPairs);
    if (this.ledger.acknowledge(handled)) {
      stream.carrier.takeOver(this.ledger);
      for (const pair of this.held) pair.remote.shared(pair, stream);
      return;
    }
    this.settle();
    // The count cannot be: ends the stream. XEP-0198 §4.
    stream.carrier.acknowledged(handled);
  }

  /** The peer does not know it: what it left is sent anew, or given back. */
  settle(): void {
    this.own.resuming = false;
    for (const pair of this.held) pair.held = false;
    giveToPairs(this.ledger);
    for (const pair of this.held) if (pair.queue.length > 0 && pair.carrier === undefined) pair.remote.need(pair);
  }
}

/** True where nobody ended the stream, the peer may take it up again, and something is gained by that. XEP-0198 §5. */
export function mayGoOn({ resumable, bidi, carrier: { ledger } }: OutgoingStream, end: StreamEnd): boolean {
  if (end.kind !== "broken" || resumable === undefined) return false;
  return (ledger.length > 0 || bidi) && !ledger.resumedInVain;
}

/** The broken streams of one remote domain, one for each domain of ours at most. */
export class Suspensions {
  private readonly byFrom = new Map<string, Suspension>();

  get size(): number {
    return this.byFrom.size;
  }

  of(from: string): Suspension | undefined {
    return this.byFrom.get(from);
  }

  froms(): string[] {
    return [...this.byFrom.keys()];
  }

  add(suspension: Suspension): void {
    this.byFrom.set(suspension.from, suspension);
  }

  take(from: string): Suspension | undefined {
    const suspension = this.byFrom.get(from);
    this.byFrom.delete(from);
    return suspension;
  }

  /** What they left is sent anew, or given back: of all, or of those that the peer has forgotten by `now` (ms). */
  settle(now = Number.POSITIVE_INFINITY): void {
    for (const [from, { until }] of [...this.byFrom]) if (until <= now) this.take(from)?.settle();
  }

  /**
   * The domain cannot be reached: what the pair's broken stream left goes first, then all else, by a stream of the peer's.
   * False where there is none, or it is too soon.
   */
  goAround(pair: Pair, now: number): boolean {
    const suspension = this.byFrom.get(pair.from);
    if (suspension === undefined || now < suspension.anotherWayFrom || !pair.hasSpare) return false;
    this.take(pair.from)?.settle();
    return pair.goAround();
  }
}

/** Gives what a stream left to its pairs, which send it once more or give it back. */
export function giveToPairs(ledger: Ledger<Sender>, loss: Loss = { blames: false }): void {
  const alone = ledger.length === 1;
  for (const [pair, stanzas] of byPair(ledger.drain())) {
    pair.takeBack(stanzas, loss, alone);
    if (pair.queue.length > 0 && pair.carrier === undefined) pair.remote.need(pair);
  }
}
