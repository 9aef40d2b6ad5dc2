// What was looked up, kept as long as its TTL allows and no longer; bounded, the least recently used goes first.
import type { Clock } from "../../xmpp/clock.ts";

/** A bounded cache with a life for each entry. */
export class TtlCache<V> {
  readonly #entries = new Map<string, { readonly value: V; readonly until: number }>();
  readonly #clock: Clock;
  readonly #max: number;

  /** Holds at most `max` entries. */
  constructor(clock: Clock, max: number) {
    this.#clock = clock;
    this.#max = max;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value, unless its time is over. */
  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    if (entry.until <= this.#clock.now()) return undefined;
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** Keeps `value` for `seconds`; nothing is kept for 0 (RFC 1035 §3.2.1: used for this transaction only). */
  set(key: string, value: V, seconds: number): void {
    this.#entries.delete(key);
    if (!(seconds > 0)) return;
    this.#entries.set(key, { value, until: this.#clock.now() + seconds * 1000 });
    if (this.#entries.size > this.#max) {
      const oldest = this.#entries.keys().next();
      if (!oldest.done) this.#entries.delete(oldest.value);
    }
  }

  clear(): void {
    this.#entries.clear();
  }
}
