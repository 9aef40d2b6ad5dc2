// Kinds of documents that somebody could log in with, or that stand for a password: no export has them.

/** Tokens of an account's installations. XEP-0484. */
export const FAST_TOKENS = "fast";

/** All of them: a feature that keeps a secret of an account among documents names its kind here. */
export const SECRET_KINDS: ReadonlySet<string> = new Set([FAST_TOKENS]);
