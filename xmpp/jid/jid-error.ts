// The error of text that is no JID.

/** Thrown for text that is no JID; `message` says which part and why. */
export class JidError extends Error {
  override name = "JidError";
}
