// The bounds of one stanza at each step of its way, in one table: each is wider than the last by what is added between.

/** Bounds of one stanza. */
export interface StanzaBounds {
  /** UTF-8 bytes as it comes in. */
  readonly bytes: number;
  /** Nesting, 1 for a stanza without children. */
  readonly depth: number;
  /** Attributes of one element, namespace declarations included. */
  readonly attributes: number;
  /** Prefixes declared at once, those of the stream header included. */
  readonly prefixes: number;
}

/** What clients may send unless configured otherwise; `attributes` and so on leave room for servers that allow 64. */
export const FROM_CLIENTS: StanzaBounds = { bytes: 262_144, depth: 48, attributes: 48, prefixes: 48 };

/** The most that may be configured for clients; bytes are held against what servers may send (`config check`). */
export const FROM_CLIENTS_AT_MOST: Omit<StanzaBounds, "bytes"> = { depth: 64, attributes: 64, prefixes: 64 };

/** What components may send. */
export const FROM_COMPONENTS: StanzaBounds = { bytes: 393_216, depth: 80, attributes: 80, prefixes: 80 };

/** What other servers may send; regions of one world are servers to one another. */
export const FROM_SERVERS: StanzaBounds = { bytes: 524_288, depth: 96, attributes: 96, prefixes: 96 };

/** Bytes of an address in an attribute: 1023 for each part (RFC 7622 §3), a resource all of apostrophes grows sixfold. */
export const LONGEST_ADDRESS = 8 * 1023 + 2;
/** Bytes of the names, quotes, types and namespaces around addresses; a stamp of time, a language, an id of the server's. */
const AROUND = 1_024;

/**
 * What is added on the way, at most. A client's stanza is stamped with `from`, `to`, `xml:lang` and `xmlns` (a frame, or
 * within a copy), each dissolved prefix becomes an `xmlns`; a copy stands in `message`, `sent` and `forwarded` with two
 * addresses of its own (XEP-0280 §7), a kept one has `delay` with one (XEP-0203); a stream header declares `stream` and `db`.
 */
export const ADDED: StanzaBounds = { bytes: 5 * LONGEST_ADDRESS + AROUND, depth: 3, attributes: 5, prefixes: 2 };

/** Characters of a language tag; RFC 5646 §4.4.1 needs 35, and tags of private use are longer. */
export const LONGEST_LANGUAGE = 64;

/** Characters of an id or version in a stream header; ids are some 20. */
export const LONGEST_HEADER_VALUE = 1_024;
