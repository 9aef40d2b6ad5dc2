// How much of one turn of the event loop the streams of one owner take: then everybody else has one.

/** ms of one turn; what is begun is finished, so that one stanza more may come to it. */
const LONGEST = 50;

/** The stint of one stream, or of all streams of one owner. */
export class Stint {
  private spent = 0;
  private scheduled = false;
  private readonly waiting: (() => void)[] = [];

  /** So many ms of this turn were taken; true where the owner is to wait for the next one. */
  take(ms: number): boolean {
    this.spent += ms;
    this.schedule();
    return this.spent > LONGEST;
  }

  /** Calls back in a later turn: of those who wait, one goes on in each. */
  next(goOn: () => void): void {
    this.waiting.push(goOn);
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.spent = 0;
      this.waiting.shift()?.();
      if (this.waiting.length > 0) this.schedule();
    });
  }
}
