// The book of a run: the transcript of what its clients saw, judged as it grows, and answers for whoever waits.
import { Invariants, type Letter, type Verdict } from "./invariants.ts";
import type { Entry, Seen } from "./transcript.ts";

/** One run's book. Times are ms of `performance.now()`. */
export class Evidence {
  readonly transcript: Entry[] = [];
  /** Returned messages by condition. RFC 6120 §8.3.3 */
  readonly conditions = new Map<string, number>();
  private readonly invariants = new Invariants();

  /** A client (by its localpart) saw something. */
  note(who: string, seen: Seen): void {
    const entry = { ...seen, who, at: performance.now() };
    this.transcript.push(entry);
    this.invariants.take(entry);
    if (seen.what === "returned") this.conditions.set(seen.condition, (this.conditions.get(seen.condition) ?? 0) + 1);
  }

  /** What is known of a message; undefined where it was never written to a stream. */
  letter(id: string): Letter | undefined {
    return this.invariants.letters.get(id);
  }

  wasReceived(id: string): boolean {
    return this.letter(id)?.receivedAt !== undefined;
  }

  wasReturned(id: string): boolean {
    return this.letter(id)?.returnedAt !== undefined;
  }

  /** When it was acknowledged. */
  acknowledgedAt(id: string): number | undefined {
    return this.letter(id)?.acknowledgedAt;
  }

  /** Messages whose fate is open: neither received nor returned. */
  open(): string[] {
    const all = [...this.invariants.letters];
    return all.filter(([, one]) => one.receivedAt === undefined && one.returnedAt === undefined).map(([id]) => id);
  }

  /** When a client had all that was sent to it by then, of what it was given at all; undefined where that is nothing. */
  hadBy(who: string, sentBy: number): number | undefined {
    let had: number | undefined;
    for (const { to, sentAt, receivedAt } of this.invariants.letters.values())
      if (to === who && sentAt <= sentBy && receivedAt !== undefined) had = Math.max(had ?? 0, receivedAt);
    return had;
  }

  /** ms from sent to received, of messages sent in a span of time. */
  latencies(from: number, to: number): number[] {
    const taken: number[] = [];
    for (const { sentAt, receivedAt } of this.invariants.letters.values())
      if (receivedAt !== undefined && sentAt >= from && sentAt < to) taken.push(receivedAt - sentAt);
    return taken;
  }

  verdict(): Verdict {
    return this.invariants.verdict();
  }
}

/** The value below which `share` (0 … 1) of the values lie; NaN for none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
