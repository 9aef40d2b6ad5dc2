// Streams of one session that its client ended as soon as they had brought it a stanza, and acknowledged nothing of. XEP-0198 §5.

/**
 * ms within which a client that a stanza ends is gone: it was there a moment ago, to resume. A network that is lost says
 * nothing for longer than that, and is noticed later, or by the next resumption.
 */
const SOON = 5_000;
/** Such streams in a row from which on the first stanza goes alone: an accident happens twice. */
const CAREFUL_FROM = 2;
/** Of those on which a stanza stood alone, as many as it takes to give it up: what the store says of messages as well. */
const GIVEN_UP_AFTER = 3;

/**
 * Follows resumed streams. What tells a stanza that ends its client from a bad network: the client closed the connection
 * itself (or its kernel did), within moments of the stanza's being sent, again and again, and without a word between.
 */
export class Fruitless {
  private inRow: number;
  private sentAt: number | undefined;
  private alone = false;

  /** `inRow`: what another node counted. */
  constructor(inRow = 0) {
    this.inRow = inRow;
  }

  /** How many there were in a row. */
  get count(): number {
    return this.inRow;
  }

  /** True where so many streams ended on the one that stood alone that it is to be left out. */
  get enough(): boolean {
    return this.inRow >= CAREFUL_FROM + GIVEN_UP_AFTER;
  }

  /** The stanza on which they ended is left out; whatever ends the next one is another. */
  leftOut(): void {
    this.inRow = CAREFUL_FROM;
  }

  /** True while one stanza was sent alone, and the rest waits for its acknowledgement. */
  get careful(): boolean {
    return this.alone;
  }

  /** A stream goes on with what earlier ones left, at `now` (ms). True where only the first of that is to be sent. */
  begin(now: number): boolean {
    this.sentAt = now;
    this.alone = this.inRow >= CAREFUL_FROM;
    return this.alone;
  }

  /** The client acknowledged something: whatever ended its streams, it takes what it is sent. */
  acknowledged(): void {
    this.inRow = 0;
    this.alone = false;
    this.sentAt = undefined;
  }

  /** The connection broke at `now` (ms). True where it ended on the one stanza that had been sent on it. */
  broke(now: number): boolean {
    const soon = this.sentAt !== undefined && now - this.sentAt <= SOON;
    const ended = soon && this.alone;
    this.inRow = soon ? this.inRow + 1 : 0;
    this.over();
    return ended;
  }

  /** The connection is gone, and that says nothing of what it brought: the count stays what it was. */
  over(): void {
    this.sentAt = undefined;
    this.alone = false;
  }
}
