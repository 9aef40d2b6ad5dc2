// The book of what was sent, acknowledged and received, and what follows from it: lost, twice, out of order.

/** What is known of one message. */
interface Letter {
  readonly pair: string;
  readonly sequence: number;
  readonly sentAt: number;
  acknowledgedAt: number | undefined;
  receivedAt: number | undefined;
  copies: number;
  /** True where the server returned it with an error: its sender knows. */
  refused: boolean;
}

/** What the book says in the end. */
export interface Verdict {
  readonly sent: number;
  readonly acknowledged: number;
  readonly received: number;
  /** Returned to their senders with an error. */
  readonly refused: number;
  /** Ids acknowledged to their senders, and neither received nor returned. */
  readonly lost: readonly string[];
  /** Ids received more than once. */
  readonly duplicates: readonly string[];
  /** Messages that came after a later one of the same pair. */
  readonly disordered: readonly string[];
  /** Neither acknowledged nor received: nobody promised anything. */
  readonly unknown: number;
}

/** One experiment's book. Times are ms of `performance.now()`. */
export class Evidence {
  private readonly letters = new Map<string, Letter>();
  private readonly last = new Map<string, number>();
  private readonly disordered: string[] = [];
  /** Returned messages by condition. RFC 6120 §8.3.3 */
  readonly conditions = new Map<string, number>();
  /** Ids received that nobody sent: a fault of the experiment or of the server. */
  readonly foreign: string[] = [];

  sent(id: string, pair: string, sequence: number): void {
    this.letters.set(id, {
      pair,
      sequence,
      sentAt: performance.now(),
      acknowledgedAt: undefined,
      receivedAt: undefined,
      copies: 0,
      refused: false,
    });
  }

  /** The sender saw an `<a/>` that counts it. XEP-0198 §4 */
  acknowledged(id: string): void {
    const letter = this.letters.get(id);
    if (letter !== undefined) letter.acknowledgedAt ??= performance.now();
  }

  /** The sender got it back as an error. */
  refused(id: string, condition: string): void {
    const letter = this.letters.get(id);
    if (letter === undefined) return;
    letter.refused = true;
    this.conditions.set(condition, (this.conditions.get(condition) ?? 0) + 1);
  }

  /** A receiver has it, live or from the offline store. */
  received(id: string): void {
    const letter = this.letters.get(id);
    if (letter === undefined) {
      this.foreign.push(id);
      return;
    }
    letter.copies += 1;
    if (letter.copies > 1) return;
    letter.receivedAt = performance.now();
    if ((this.last.get(letter.pair) ?? -1) > letter.sequence) this.disordered.push(id);
    else this.last.set(letter.pair, letter.sequence);
  }

  wasAcknowledged(id: string): boolean {
    return this.letters.get(id)?.acknowledgedAt !== undefined;
  }

  wasReceived(id: string): boolean {
    return (this.letters.get(id)?.copies ?? 0) > 0;
  }

  wasRefused(id: string): boolean {
    return this.letters.get(id)?.refused === true;
  }

  /** When it was acknowledged. */
  acknowledgedAt(id: string): number | undefined {
    return this.letters.get(id)?.acknowledgedAt;
  }

  /** Messages whose fate is open: neither received nor returned. */
  open(): string[] {
    return [...this.letters].filter(([, one]) => one.copies === 0 && !one.refused).map(([id]) => id);
  }

  /** ms from sent to received, of messages sent in a span of time. */
  latencies(from: number, to: number): number[] {
    const taken: number[] = [];
    for (const { sentAt, receivedAt } of this.letters.values())
      if (receivedAt !== undefined && sentAt >= from && sentAt < to) taken.push(receivedAt - sentAt);
    return taken;
  }

  verdict(): Verdict {
    const all = [...this.letters];
    const ids = (holds: (letter: Letter) => boolean) => all.filter(([, one]) => holds(one)).map(([id]) => id);
    const acknowledged = (one: Letter) => one.acknowledgedAt !== undefined;
    return {
      sent: all.length,
      acknowledged: ids(acknowledged).length,
      received: ids((one) => one.copies > 0).length,
      refused: ids((one) => one.refused).length,
      lost: ids((one) => acknowledged(one) && one.copies === 0 && !one.refused),
      duplicates: ids((one) => one.copies > 1),
      disordered: this.disordered,
      unknown: ids((one) => !acknowledged(one) && one.copies === 0 && !one.refused).length,
    };
  }
}

/** The value below which `share` (0 … 1) of the values lie; NaN for none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
