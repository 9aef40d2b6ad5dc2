// Long lists in pieces: the arguments of one call, and of one command, are bounded.

/** The list in order, in pieces of `size` and a rest; none of an empty one. */
export function* chunksOf<T>(list: readonly T[], size: number): Generator<T[]> {
  for (let from = 0; from < list.length; from += size) yield list.slice(from, from + size);
}
