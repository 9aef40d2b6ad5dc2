// How long stanzas are kept for a domain that was up, and how soon it is tried again meanwhile.
import { growingPause } from "../../xmpp/try-again.ts";

/** A stream younger than this that ends counts as another failure, ms. */
const SHORT_LIFE = 10_000;
/** Between attempts while stanzas are kept, ms. */
const PAUSES = { first: 500, longest: 15_000 };

/** Stanzas that may end streams before it is the peer itself that does. */
const MAX_FAULTS = 4;

/** Our patience with one remote domain. */
export class Patience {
  private retries = 0;
  /** Stanzas that ended streams since anything got through. */
  private faults = 0;
  /** Until then stanzas are kept although attempts fail: the domain was up. */
  private keepUntil = 0;

  keeps(now: number): boolean {
    return now < this.keepUntil;
  }

  /** A stream that came up at `since` is gone; returns the ms to wait before another. */
  lost(since: number, now: number, keepMs: number): number {
    const longLived = now - since >= SHORT_LIFE;
    if (longLived) this.retries = 0;
    // A peer that ends each stream soon after it came up does not have us keep stanzas for ever.
    if (longLived || this.keepUntil === 0) this.keepUntil = now + keepMs;
    const wait = longLived || this.retries === 0 ? 0 : growingPause(this.retries, PAUSES);
    this.retries++;
    return wait;
  }

  /** ms before the next attempt, at random. */
  next(): number {
    return growingPause(this.retries++, PAUSES, { sure: 0.5, random: Math.random });
  }

  /** Something got through: its streams do not end on whatever they carry. */
  gotThrough(): void {
    this.faults = 0;
    this.retries = 0;
  }

  /** A stanza ended its streams; true where so many did, and nothing got through, that it is the domain itself. */
  faulted(): boolean {
    return ++this.faults >= MAX_FAULTS;
  }

  /** The next attempt comes soon: somebody said that the domain is there. */
  encourage(): void {
    this.retries = 0;
  }
}
