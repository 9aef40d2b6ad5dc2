// What nodes count together, so that a limit holds over all of them: the port, and a node that is alone.

/** Kinds of counts; a key is counted for each kind apart. */
export type CountKind = "login-account" | "login-address" | "login-trust" | "registration";

/** How much of a key this node saw in the last second, to be divided among those who see it too. */
export interface Usage {
  readonly key: string;
  readonly taken: number;
}

/**
 * Counts shared by the nodes of a region. Whoever asks limits by its own count as well: where no answer comes
 * (`undefined`), that count alone decides, and nothing is let in for want of an answer.
 */
export interface SharedCounts {
  /** True where there is anybody to share with. */
  readonly shared: boolean;
  /** Adds one; the count is forgotten `ms` after its first. Resolves with the count of all nodes. Never rejects. */
  add(kind: CountKind, key: string, ms: number): Promise<number | undefined>;
  /** The count of all nodes. Never rejects. */
  look(kind: CountKind, key: string): Promise<number | undefined>;
  /** Sets a count to one for `ms` from now; nobody waits for it. */
  mark(kind: CountKind, key: string, ms: number): void;
  /** Forgets a count; nobody waits for it. */
  forget(kind: CountKind, key: string): void;
  /** Tells what this node saw in the last second; resolves with the sums over all nodes, in order. Never rejects. */
  usage(usages: readonly Usage[]): Promise<readonly number[] | undefined>;
}

const nobody = Promise.resolve(undefined);

/** A node alone: its own counts are all there are. */
export const loneCounts: SharedCounts = {
  shared: false,
  add: () => nobody,
  look: () => nobody,
  mark() {},
  forget() {},
  usage: () => nobody,
};
