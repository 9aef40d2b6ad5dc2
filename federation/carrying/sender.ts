// Whose stanzas a carrier carries, what becomes of them there, and how it learns what arrived.

/** Whose stanzas a carrier carries. */
export interface Sender {
  /** There is room again after `full`. */
  roomAgain(): void;
}

/** What became of a stanza. `full`: the sender keeps it and is told of room. */
export type Carried = "sent" | "full" | "closed" | "too large";

/**
 * How the peer tells what it has handled: by stream management; by answering pings, sent behind the stanzas (a peer
 * reads in order, so its answer covers them); or not at all.
 */
export type Acknowledging = "sm" | "ping" | "none";
