// Follows one stanza until it is safe: stored, acknowledged by who it was for, or given back. XEP-0198 §4.

/**
 * The safety of one stanza, for its sender's acknowledgement. Whoever takes the stanza over holds it, and lets go once
 * it answers for the stanza even if this process dies; the last one to let go settles it. Its maker holds it from the
 * start.
 */
export class Safety {
  private holds = 1;
  private readonly settled: (safety: Safety) => void;
  /** That of the whole way, where this one is of a part: an error that goes back ends the part, and not the whole. */
  readonly whole: Safety;
  private watchers: (() => void)[] | undefined;

  /** `settled` is called once; `whole` is held by who made this one, and let go of there. */
  constructor(settled: (safety: Safety) => void, whole?: Safety) {
    this.settled = settled;
    this.whole = whole ?? this;
  }

  /** True once nobody holds it. */
  get done(): boolean {
    return this.holds === 0;
  }

  /** One more that answers for it; each calls `release` once. */
  hold(): this {
    this.holds++;
    return this;
  }

  /** Ends one hold. */
  release(): void {
    this.holds--;
    if (this.holds > 0) return;
    this.settled(this);
    for (const told of this.watchers ?? []) told();
  }

  /** Calls `told` once nobody holds it: at once where that is so. */
  onceDone(told: () => void): void {
    if (this.done) return told();
    this.watchers ??= [];
    this.watchers.push(told);
  }
}
