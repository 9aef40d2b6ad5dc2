// Work that only one node of a region does at a time, and that is never done without its lock.
import { StoreUnavailable } from "./store.ts";

/** One's time to do what no other node does meanwhile. */
export interface Section {
  /** Aborted once its time is over: another node may have the lock from then on, and nothing more is to be written. */
  readonly signal: AbortSignal;
  /** To be called right before each write. @throws ExclusiveUnavailable where its time is over */
  check(): void;
}

/** Work that only one node of the region does at a time. */
export interface Exclusive {
  /**
   * Runs `work` while no other work of that key runs at any node, in the order of asking at this one; never without the
   * lock. Rejects with what `work` rejects with. @throws ExclusiveUnavailable where the lock cannot be had in time, too
   * many wait for it, or its time ran out before `work` was done (`undecided`: some of it may have come about)
   */
  run<T>(key: string, work: (section: Section) => Promise<T>): Promise<T>;
  /**
   * The same for work that may take long, and that one node does for all: nobody waits for its turn. False at once where
   * somebody is at it, at this node or another. The lock is kept as long as it can be prolonged.
   * @throws ExclusiveUnavailable where nobody says whose turn it is, or the lock was lost before `work` was done
   */
  attempt(key: string, work: (section: Section) => Promise<void>): Promise<boolean>;
}

/** Thrown where work that only one node may do could not be done: answered as a store that does not answer. */
export class ExclusiveUnavailable extends StoreUnavailable {
  override name = "ExclusiveUnavailable";

  constructor(reason: string, undecided = false) {
    super(reason);
    this.undecided = undecided;
  }
}
