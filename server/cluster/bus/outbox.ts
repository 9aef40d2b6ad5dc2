// What waits for another member's confirmation: numbered from 1, taken out in nearly the order it came in.

/** From so many places that are empty at the beginning on they are given up. */
const EMPTY = 1_024;

/**
 * Numbered things. An array and not a map: the collector moves what a map holds once for each of its copies, and what
 * waits here is many and short-lived.
 */
export class Outbox<T> {
  private places: (T | undefined)[] = [];
  private sizes: number[] = [];
  /** Number of the thing at the first place. */
  private base = 1;
  /** Places at the beginning that are empty. */
  private begin = 0;
  private count = 0;
  private total = 0;

  get size(): number {
    return this.count;
  }

  /** Sum of the sizes of what waits. */
  get weight(): number {
    return this.total;
  }

  /** Number that the next one gets. */
  get next(): number {
    return this.base + this.places.length;
  }

  /** Lowest number that waits; the next one's where none does. */
  get low(): number {
    return this.base + this.begin;
  }

  /** Adds one with its size, under the number `next`. */
  push(one: T, size: number): void {
    this.places.push(one);
    this.sizes.push(size);
    this.count++;
    this.total += size;
  }

  /** The last one has this size, where it still waits: it grew since it was added. */
  weigh(size: number): void {
    const place = this.places.length - 1;
    if (this.places[place] === undefined) return;
    this.total += size - (this.sizes[place] as number);
    this.sizes[place] = size;
  }

  /** Takes one out; undefined where it waits no more, or never did. */
  take(number: number): T | undefined {
    const place = number - this.base;
    const one = this.places[place];
    if (one === undefined) return undefined;
    this.places[place] = undefined;
    this.count--;
    this.total -= this.sizes[place] as number;
    if (place === this.begin) this.advance();
    return one;
  }

  /** Numbers that wait, in order; others may be taken out meanwhile. */
  *numbers(): Generator<number> {
    for (let number = this.low; number < this.next; number++) if (this.get(number) !== undefined) yield number;
  }

  get(number: number): T | undefined {
    return this.places[number - this.base];
  }

  private advance(): void {
    if (this.count === 0) this.begin = this.places.length;
    else while (this.places[this.begin] === undefined) this.begin++;
    if (this.begin < EMPTY || this.begin * 2 < this.places.length) return;
    this.places = this.places.slice(this.begin);
    this.sizes = this.sizes.slice(this.begin);
    this.base += this.begin;
    this.begin = 0;
  }
}
