// Accounts for which something was kept here, and whose sessions at other nodes have not been told of it.

/** Accounts remembered. */
const LIMIT = 20_000;

/**
 * Remembers an account until the node that holds a session of it was told. That takes as long as the two nodes do not
 * reach one another, so no time forgets it: only that so many came after it, which the next log-in makes good.
 */
export class Owed {
  private readonly marks = new Map<string, number>();
  private count = 0;

  /** Something was kept for the account. */
  note(local: string): void {
    this.marks.delete(local);
    this.marks.set(local, ++this.count);
    if (this.marks.size > LIMIT) this.marks.delete(this.marks.keys().next().value as string);
  }

  /** What to give to `settle` once a session was told; undefined where nothing is owed. */
  mark(local: string): number | undefined {
    return this.marks.get(local);
  }

  /** A session was told of all that was kept until that mark. */
  settle(local: string, mark: number | undefined): void {
    if (mark !== undefined && this.marks.get(local) === mark) this.marks.delete(local);
  }
}
