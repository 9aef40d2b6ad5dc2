// What one member of a region at a time does for a key (a room): the owner's side, and that of whoever asks it.
import { ExclusiveUnavailable } from "./exclusive.ts";

/** One member's time as the owner of a key. */
export interface Term {
  /** Higher than that of every term of the key before: what is written with a lower one than is there is to be refused. */
  readonly epoch: number;
  /** Aborted once it is over. */
  readonly signal: AbortSignal;
  /** To be called right before each write. @throws NotOwner where it is over */
  check(): void;
  /** Tells a member (this one too) something of the key; there, nothing of an earlier term is heard any more. */
  tell(member: string, text: string): void;
  /** Gives the key up, for instance because nobody needs it. */
  leave(): void;
}

/** Something that an owner is asked to do. */
export interface OwnerRequest {
  /** Stays the same where it is asked again, of the same owner or of the next one. */
  readonly id: string;
  readonly text: string;
}

/** A key at its owner. */
export interface Owned {
  /**
   * Does what is asked, in the order of the calls; the answer is told to who asked. The next call may come before this one
   * is done. What was done already (`id`), in this term or another, is answered as it was then and not done again.
   * @throws NotOwner: it is asked of the next owner
   */
  take(request: OwnerRequest): Promise<string>;
  /** The term ends in order: nothing is taken any more, and all that was taken is done. */
  end?(): Promise<void>;
}

/** Keys of one kind, such as the rooms of a host. */
export interface OwnedKind {
  /** A word of its own, without spaces. */
  readonly name: string;
  /** This member is the owner from now on: it begins with what the last one left behind. */
  begin(key: string, term: Term): Promise<Owned>;
  /** What owners tell this member. */
  told?(key: string, text: string): void;
}

/** Whoever asks owners. */
export interface Owners {
  /**
   * Asks a key's owner, in order with what this node asked of the key before. What a dead owner had not answered is asked of
   * the next one. @throws OwnerUnavailable, or what the owner said
   */
  ask(key: string, text: string): Promise<string>;
  /** The member that a key belongs to, as this one sees it. */
  memberOf(key: string): string;
  /** This node takes no further part: what it owns of the kind others have, once what was taken is done. */
  withdraw(): Promise<void>;
}

/** The owners of a region, as one node sees them. */
export interface Ownership {
  /** Declares a kind. @throws Error where its name is taken */
  kind(kind: OwnedKind): Owners;
}

/** Thrown where there is no owner in time, or too much waits for one; answered as a store that does not answer. */
export class OwnerUnavailable extends ExclusiveUnavailable {
  override name = "OwnerUnavailable";
}

/** Thrown where a term is over: another member owns the key, or may. */
export class NotOwner extends ExclusiveUnavailable {
  override name = "NotOwner";

  constructor() {
    super("this node is not the owner any more", true);
  }
}
