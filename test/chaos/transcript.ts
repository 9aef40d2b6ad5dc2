// What clients saw, in the order they saw it: the one thing that the invariants are judged by.

/** One thing that a client did or saw. */
export type Seen =
  /** A session of its own begins with stream management: both counts are 0. XEP-0198 §3 */
  | { readonly what: "session" }
  /** A stanza was written, for the first time; one sent again by a resumption is the same. Messages have an id and a receiver. */
  | { readonly what: "sent"; readonly id?: string; readonly to?: string }
  /** The server said what it handled: in `<a/>`, or in `<resumed/>`. XEP-0198 §4, §5 */
  | { readonly what: "a" | "resumed"; readonly h: number }
  /** The session could not be resumed; the server may say what it handled. XEP-0198 §5 */
  | { readonly what: "failed"; readonly h?: number }
  /** A message reached the client. */
  | { readonly what: "received"; readonly id: string }
  /** A message came back with an error. RFC 6120 §8.3 */
  | { readonly what: "returned"; readonly id: string; readonly condition: string };

/** An entry: who saw it, and when (ms of `performance.now()`). */
export type Entry = Seen & { readonly who: string; readonly at: number };

/** An entry as a line for people. */
export function formatEntry({ at, who, what, ...more }: Entry, since: number): string {
  const seconds = ((at - since) / 1000).toFixed(3);
  return [`${seconds} s`, who, what, ...Object.entries(more).map(([key, value]) => `${key}=${value}`)].join(" ");
}
