// The highest epoch heard of for a key: what an earlier owner says is not heard behind it.

/** Keys remembered; beyond it those heard of longest ago are forgotten. */
const LIMIT = 50_000;

/** Epochs by key. */
export class Epochs {
  private readonly highest = new Map<string, number>();

  /** False for what comes from before the highest epoch that was heard of. */
  isCurrent(key: string, epoch: number): boolean {
    const known = this.highest.get(key) ?? 0;
    if (epoch < known) return false;
    this.highest.delete(key);
    this.highest.set(key, epoch);
    if (this.highest.size > LIMIT) this.highest.delete(this.highest.keys().next().value as string);
    return true;
  }
}
