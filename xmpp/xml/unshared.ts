// Copies of short texts cut from long ones.

/** A copy that does not keep the (much longer) text alive that `text` is a slice of: V8 shares from 13 units on. */
export function unshared(text: string): string {
  return text.length < 13 ? text : ` ${text}`.slice(1);
}
