// A broken stream that the peer may take up again, and what it left. XEP-0198 §5.
import type { Handled } from "../../server/index.ts";
import type { Sender } from "../management/carrier.ts";
import type { Ledger } from "../management/ledger.ts";
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
  private readonly reason: string;
  private readonly own: Pair;
  /** Pairs that shared the stream: while what they had under way is kept here, nothing of theirs may overtake it. */
  private readonly held: readonly Pair[];

  /** Stanzas of the peer's that are safe here. */
  get handled(): number {
    return this.counter?.h ?? 0;
  }

  /** `stream` ended for `reason` and was resumable; `sharing` went over it besides its `own` pair. */
  constructor(stream: OutgoingStream, own: Pair, sharing: readonly Pair[], reason: string, now: number) {
    const { id, seconds } = stream.resumable ?? { id: "", seconds: 0 };
    this.id = id;
    this.from = stream.from;
    this.counter = stream.gate.counter;
    this.until = now + seconds * 1000;
    this.anotherWayFrom = now + HOLD;
    this.ledger = stream.carrier.ledger;
    this.otherPairs = stream.otherPairs;
    this.reason = reason;
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
    giveToPairs(this.ledger, this.reason);
    for (const pair of this.held) if (pair.queue.length > 0 && pair.carrier === undefined) pair.remote.need(pair);
  }
}

/** Gives what a stream left to its pairs, which send it once more or give it back. */
export function giveToPairs(ledger: Ledger<Sender>, reason: string): void {
  for (const [pair, stanzas] of byPair(ledger.drain())) {
    pair.takeBack(stanzas, reason);
    if (pair.queue.length > 0 && pair.carrier === undefined) pair.remote.need(pair);
  }
}
