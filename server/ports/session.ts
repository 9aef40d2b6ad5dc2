// A client's session as modules see it: one bound resource of an account.
import type { Jid } from "../../xmpp/jid/jid.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { StreamErrorCondition } from "../../xmpp/stream/error.ts";

/** Typed key of a fact a module keeps with a session. */
export class SessionKey<T> {
  declare readonly type: T;
  readonly name: string;
  /** How the fact is told to other nodes; undefined where it stays on its own. */
  readonly shared: FactCodec<T> | undefined;

  /** @throws Error for a second shared key of that name */
  constructor(name: string, shared?: FactCodec<T>) {
    this.name = name;
    this.shared = shared;
    if (shared === undefined) return;
    if (sharedKeys.has(name)) throw new Error(`the fact ${name} is shared by another key already`);
    sharedKeys.set(name, this as SessionKey<unknown>);
  }
}

/** Typed key of a fact that every node is told. A value is never changed in place: only `set` is heard of elsewhere. */
export class SharedSessionKey<T> extends SessionKey<T> {
  declare readonly shared: SharedFactCodec<T>;

  /** @throws Error for a second shared key of that name */
  constructor(name: string, shared: SharedFactCodec<T>) {
    super(name, shared);
  }
}

/** A fact as JSON and back. */
export interface FactCodec<T> {
  toJson(value: T): unknown;
  fromJson(json: unknown): T;
  /** `everywhere`: every node sees it. `moving`: only the node that takes the session over. */
  readonly reach: "everywhere" | "moving";
}

/** The same of a fact that every node is told. */
export interface SharedFactCodec<T> extends FactCodec<T> {
  readonly reach: "everywhere";
}

/** Shared keys by name. */
export const sharedKeys = new Map<string, SessionKey<unknown>>();

/** A fact that is true or absent, seen by every node. */
export const FLAG: SharedFactCodec<boolean> = {
  toJson: Boolean,
  fromJson: (json) => json === true,
  reach: "everywhere",
};

/** Decides what is written to a session now, and what waits. */
export interface Gate {
  /** True where the stanza may be written now; else the gate keeps it and writes it later with `session.write`. */
  admit(stanza: Stanza): boolean;
  /** Writes what is kept. */
  flush(): void;
}

/** Stanzas that wait for a client, by what they cost. */
export interface WaitingStanzas {
  readonly count: number;
  /** UTF-16 code units of their text. */
  readonly characters: number;
}

/** One bound resource, at whatever node its stream is: what can be read and asked of it everywhere. */
export interface SessionAnywhere {
  /** Full JID. */
  readonly jid: Jid;
  /** Bare JID of its account. */
  readonly account: Jid;
  /** When it was bound, ms since the epoch. */
  readonly since: number;
  /** Client's address. */
  readonly remoteAddress: string;
  /** True where its stream is gone and it waits to be resumed. */
  readonly waiting: boolean;
  /** True where another node of the cluster holds it. */
  readonly remote: boolean;
  /** The last presence broadcast while available; undefined while not. RFC 6121 §4.2. */
  readonly presence: Stanza | undefined;
  /** Priority of that presence. */
  readonly priority: number;
  /** True once the session asked for the roster and so gets pushes. RFC 6121 §2.1.6. */
  readonly interested: boolean;
  /** Hands a stanza to the client, behind what waits for it. */
  deliver(stanza: Stanza): void;
  /** Hands a stanza to the client past what waits at its node: something older than that. */
  write(stanza: Stanza): void;
  /** True where the client, or the way to its node, is behind: what can wait, should. */
  readonly congested: boolean;
  /**
   * Where so much is on its way to where it is safe that who sends should be read no further: resolves once there is room
   * again, or the wait is in vain.
   */
  readonly backPressure: Promise<void> | undefined;
  /** Waits until it is congested no more: true where it may be written more, false where it is over or asleep. */
  caughtUp(): Promise<boolean>;
  /** Where the session waits to be resumed: messages it holds go to `taker`; resolves once they are on their way. */
  lend(taker: ClientSession): Promise<void>;
  /** Ends the session's stream with a stream error. */
  end(condition: StreamErrorCondition, text?: string): void;
  /** Something waits for the session that its own node should bring it; `woken` is called once that node knows. */
  wake(woken?: () => void): void;
  /** A fact that a module keeps with it, and that every node is told. */
  get<T>(key: SharedSessionKey<T>): T | undefined;
}

/** A session whose stream is at this node, or waits here to be resumed: what nobody else can do with it. */
export interface OwnSession extends SessionAnywhere {
  readonly remote: false;
  presence: Stanza | undefined;
  priority: number;
  interested: boolean;
  /** Holds back what can wait, while it is set. */
  gate: Gate | undefined;
  /** So many ms were spent on a request of its, after a promise: its stream is read more slowly by that. */
  charge(ms: number): void;
  /** Waits for the client to acknowledge all it was sent, for some seconds at most; answers as `caughtUp`. XEP-0198. */
  acknowledged(): Promise<boolean>;
  /** True where somebody answers for what was delivered, should the stream break now. XEP-0198. */
  readonly keeps: boolean;
  /** Errors that wait for its client. */
  readonly waitingErrors: readonly WaitingStanzas[];
  /** Messages that come from now on wait, until `unpause`: something older is on its way. */
  pause(): void;
  unpause(): void;
  /** Takes the session out of its host without a word to its client. */
  finish(): void;
  get<T>(key: SharedSessionKey<T>): T | undefined;
  /** A fact that stays here, or goes with the session alone. */
  get<T>(key: SessionKey<T>): T | undefined;
  set<T>(key: SessionKey<T>, value: T): void;
  /** The facts that other nodes may know, as JSON by name; with `moving` all that go with the session. */
  sharedFacts(moving: boolean): Record<string, unknown>;
}

/** Stands for a session that another node of the cluster holds. */
export interface SessionElsewhere extends SessionAnywhere {
  readonly remote: true;
}

/** One bound resource; `remote` tells whether more can be done with it than `SessionAnywhere` says. */
export type ClientSession = OwnSession | SessionElsewhere;

/** The session, where this node holds it. */
export function own(session: ClientSession | undefined): OwnSession | undefined {
  return session === undefined || session.remote ? undefined : session;
}

/**
 * The sessions of one virtual host, of this node and of the cluster's others, for whoever looks at them. Lists never change
 * in place.
 */
export interface SessionsSeen {
  /** Number of sessions of this node. */
  readonly size: number;
  /** Sessions of an account by localpart, in order of binding. */
  of(local: string): readonly ClientSession[];
  /** The session of a full JID. */
  find(jid: Jid): ClientSession | undefined;
  /** Sessions that sent initial presence. */
  available(local: string): ClientSession[];
  /** Every session that this node holds. */
  own(): Iterable<OwnSession>;
  /** Every session of every node. */
  all(): Iterable<ClientSession>;
}

/** The same for whoever has them come and go. */
export interface Sessions extends SessionsSeen {
  add(session: ClientSession): void;
  remove(session: ClientSession): void;
  /** One session takes the place of another, at its place in the order. */
  replace(old: ClientSession, session: ClientSession): void;
}
