// What the rest of a node sees of its cluster. A node alone has the same ports, with nobody behind them.
import type { Jid } from "../../xmpp/jid/jid.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { Exclusive } from "./exclusive.ts";
import type { Ownership } from "./owned.ts";
import type { ClientSession, OwnSession } from "./session.ts";

/**
 * Takes one frame of its kind from another node; calling `done` tells the sender that the frame is safe here. A throw
 * before that gives the frame back to its sender.
 */
export type FrameTaker = (from: string, fields: readonly string[], done: () => void) => void;

/** Told of members that came or went. */
export type MemberObserver = (member: string, state: "joined" | "died", buried: boolean) => void;

/** Why a frame was given back: its member died, has too much waiting, or could not take it. */
export type BusFailure = "died" | "full" | "refused";

/** A frame on its way, which knows what becomes of what it carries. */
export interface Parcel {
  readonly kind: string;
  /**
   * The same however often it is asked for, once it has left: it is where the frame has to be sent again. `texts`: the other
   * side takes stanzas as text.
   */
  fields(texts: boolean): readonly string[];
  /**
   * Takes along what `next` carries, where both can be one frame; asked until this one leaves, as long as nothing else was
   * sent to its member since. What became of it is what becomes of this one; false where `next` goes by itself.
   */
  gathers?(next: Parcel): boolean;
  confirmed(): void;
  failed(reason: BusFailure): void;
}

/** What is sent as one frame; of `confirmed` and `failed` one is called, once. */
export interface FrameToSend {
  /** Whose it is at the other side: a word that somebody takes there. */
  readonly kind: string;
  readonly fields: readonly string[];
  /** The frame is safe at the other side. */
  readonly confirmed: () => void;
  /** It is not: the member died first or is unknown, could not take it, or too much waits for it. */
  readonly failed: (reason: BusFailure) => void;
}

/** Frames between the members of a cluster. */
export interface NodeBus {
  /** This process as a member: node name and a part that no other start of it has. */
  readonly member: string;
  /** Other members that live. */
  readonly others: readonly string[];
  /** The one taker of a kind of frame; kinds are words, a module's own ones. @throws Error for a second taker */
  take(kind: string, taker: FrameTaker): void;
  /** Sends a frame to a member, in order with every other frame to it. */
  send(member: string, frame: FrameToSend): void;
  /** As `send`, for what is sent often: nothing is made for it but the parcel. */
  post(member: string, parcel: Parcel): void;
  /** Tells every other member once; lost where the connection is away. */
  announce(kind: string, fields: readonly string[]): void;
  /**
   * Resolves once every member has heard what was announced until now, as far as the connection goes; then this one has
   * heard whatever was announced before it. Undefined where nobody else is there.
   */
  barrier(): Promise<void> | undefined;
  /** True where so much waits for a member that senders should pause. */
  congested(member: string): boolean;
  /** Called when a member joined or died; `buried` is true at the one member that cleans up after a death. */
  onMember(observer: MemberObserver): void;
  /** Called when announcements of others may have been missed: what rests on them is to be read anew. */
  onGap(observer: () => void): void;
  /** The one taker of a kind of announcement. @throws Error for a second taker */
  onAnnouncement(kind: string, taker: (from: string, fields: readonly string[]) => void): void;
}

/** How answers to requests of the node's own find it, wherever in the cluster they arrive. */
export interface AnswerWays {
  /** An id that nobody can guess, and that tells the nodes of the cluster whose it is. */
  newId(): string;
  /** Gives an answer that nobody waits for here to the node that asked; false where none of the others did. */
  forward(answer: Stanza): boolean;
}

/** A node's place among the others, as its hosts see it. */
export interface ClusterPorts {
  readonly bus: NodeBus;
  readonly registry: SessionRegistry;
  readonly exclusive: Exclusive;
  readonly ownership: Ownership;
}

/** What is kept of accounts, one value for each, as the nodes of a region share it. */
export interface SharedOptions<T> {
  /** A word that the module uses once. */
  readonly name: string;
  /** Reads an account's value from the store. @throws StoreUnavailable */
  load(local: string): Promise<T>;
  /** Bytes that a value takes in memory, nearly. */
  cost(value: T): number;
}

/** A change of one account's value that is under way. */
export interface Change<T> {
  /** As it is now. */
  readonly value: T;
  /**
   * Writes to the store, and then makes the value what `apply` answers (it may change the value itself): here at once, at
   * the other nodes when they next want it. Where the store fails, everybody reads the value anew.
   * @throws StoreUnavailable, ExclusiveUnavailable where it came too late to write
   */
  write<R>(store: () => Promise<R>, apply: (stored: R) => T): Promise<R>;
}

/** A view of accounts' values: read once, kept while it is true, changed by one node at a time. */
export interface Shared<T> {
  /** An account's value by localpart, at once where it is kept; not to be changed. @throws StoreUnavailable */
  of(local: string): T | Promise<T>;
  /**
   * Changes an account's value within `work`, while nobody else does: what it reads nobody has changed before it writes.
   * What may wait for another account's change comes after it. @throws ExclusiveUnavailable, StoreUnavailable
   */
  change<R>(local: string, work: (change: Change<T>) => Promise<R>): Promise<R>;
}

/** What members that are gone left: what came there for an account comes before what comes for it anew. RFC 6120 §10.1. */
export interface Estates {
  /**
   * Resolves once what a member that is gone, or may be, held for the account is on its new way, and so is all that waits
   * behind that, or once it has had its time, which is one for all of it; undefined where nothing is awaited, which is
   * nearly always.
   */
  awaited(account: Jid): Promise<void> | undefined;
  /**
   * Has what was on its way to such a member wait for that as well, one behind the other; done at once where nothing is
   * awaited, or more than may wait.
   */
  behind(account: Jid, work: () => void | Promise<void>): void;
  /**
   * True where a stanza for the account has something before it: of messages, all that is awaited; of others, what the
   * same sender sent before. Nothing is before an error message: who brings the older ones may wait for it.
   */
  isAhead(account: Jid, stanza: Stanza): boolean;
  /** Has one that came anew wait for its turn; false where it may not, since too much waits. Its sender is not held up. */
  anew(account: Jid, stanza: Stanza, work: () => void | Promise<void>): boolean;
}

/** Where a node's sessions are told, so that other nodes find them. */
export interface SessionRegistry {
  readonly estates: Estates;
  bound(session: OwnSession): void;
  /** Presence, priority, interest or a shared fact changed; told once for each turn. */
  changed(session: OwnSession): void;
  ended(session: ClientSession): void;
  /** The session goes on at another node, which tells of it: until then the others send it what they have through here. */
  moved(session: OwnSession): void;
  /** Where clients reach other nodes by their own addresses, as host:port. */
  locations(): readonly string[];
  /**
   * So many of a client's stanzas are safe; undefined once its session is over. A promise is there until other nodes
   * would know it, as far as they can be told. XEP-0198.
   */
  handled(smId: string, h: number | undefined): Promise<void> | undefined;
}
