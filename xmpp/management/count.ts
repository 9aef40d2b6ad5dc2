// The arithmetic of stream management's counts. XEP-0198 §4.

/** Counters wrap at 2^32. XEP-0198 §4. */
const MODULUS = 2 ** 32;

/** A count that is `more` beyond another; `more` may be negative. */
export function beyond(count: number, more: number): number {
  return (count + more + MODULUS) % MODULUS;
}

/** How many a count is ahead of an earlier one. */
export function ahead(count: number, earlier: number): number {
  return (count - earlier + MODULUS) % MODULUS;
}

/** True where a count has reached another one, which is less than half the counter's range away. */
export function reached(count: number, mark: number): boolean {
  return ahead(count, mark) < MODULUS / 2;
}

/** A count as written in an attribute; undefined where it is none. */
export function countOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9]{1,10}$/.test(text)) return undefined;
  const count = Number(text);
  return count < MODULUS ? count : undefined;
}
