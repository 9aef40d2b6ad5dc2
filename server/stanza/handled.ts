// Which stanzas of a stream are safe, in the order they came: what may be acknowledged. XEP-0198 §4.
import { Safety } from "./safety.ts";

const MODULUS = 2 ** 32;

/** Counts a stream's stanzas, and of those the ones that are safe together with everything before them. */
export class Handled {
  private open: Safety[] = [];
  private safe: number;
  private readonly waiters: (() => void)[] = [];
  /** Called when more is safe than before. */
  progressed: () => void;

  constructor(progressed: () => void, safe = 0) {
    this.progressed = progressed;
    this.safe = safe;
  }

  /** Safe stanzas, modulo 2^32: the `h` of an acknowledgement. */
  get h(): number {
    return this.safe;
  }

  /** Stanzas taken, safe or not, modulo 2^32. */
  get taken(): number {
    return (this.safe + this.open.length) % MODULUS;
  }

  /** True where nothing is unsafe. */
  get allSafe(): boolean {
    return this.open.length === 0;
  }

  /** Counts one more; it is safe once what is returned has been released. */
  take(): Safety {
    const safety = new Safety(this.advance);
    this.open.push(safety);
    return safety;
  }

  /** Resolves once everything taken so far is safe. */
  whenSafe(): Promise<void> {
    return this.allSafe ? Promise.resolve() : new Promise((resolve) => this.waiters.push(resolve));
  }

  private readonly advance = (safety: Safety): void => {
    if (this.open[0] !== safety) return;
    let count = 1;
    while (this.open[count]?.done === true) count++;
    if (count === this.open.length) this.open = [];
    else this.open.splice(0, count);
    this.safe = (this.safe + count) % MODULUS;
    this.progressed();
    if (this.allSafe) for (const waiter of this.waiters.splice(0)) waiter();
  };
}
