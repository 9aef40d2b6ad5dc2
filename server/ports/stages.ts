// Stages of a virtual host: at which points they run, what they are told, what they may say.
import type { Jid } from "../../xmpp/jid/jid.ts";
import type { ErrorDetails, StanzaErrorCondition } from "../../xmpp/stanza/error.ts";
import type { Fate } from "../../xmpp/stanza/safety.ts";
import type { Stanza, StanzaKind } from "../../xmpp/stanza/stanza.ts";
import type { OwnSession } from "./session.ts";

/** The outcome of one stage. */
export type Verdict =
  | { readonly kind: "pass" }
  | { readonly kind: "handled"; readonly fate: Fate }
  | { readonly kind: "replace"; readonly stanza: Stanza }
  | { readonly kind: "reject"; readonly condition: StanzaErrorCondition; readonly details: ErrorDetails };

/** A stage: sees a stanza and its context, gives a verdict. */
export type Filter<C> = (stanza: Stanza, context: C) => Verdict | Promise<Verdict>;

/** What comes out of all stages of a point: the stanza to go on with, or that it stopped. */
export type Outcome =
  | { readonly kind: "go"; readonly stanza: Stanza }
  | { readonly kind: "stopped" }
  | { readonly kind: "rejected"; readonly condition: StanzaErrorCondition; readonly details: ErrorDetails };

/** Context of `account.sending`: a session of ours sends. */
export interface SendingContext {
  readonly session: OwnSession;
}

/** Context of `account.delivering`: a stanza reaches an account of ours. */
export interface DeliveringContext {
  /** Bare JID of the account. */
  readonly account: Jid;
}

/** Context of `account.undelivered`: nobody takes a message. */
export interface UndeliveredContext extends DeliveringContext {
  /** False where there is no such account: then nothing is kept, and what is let go of without a word is so all the same. */
  readonly exists: boolean;
}

/** Context of `session.arriving`. */
export interface ArrivingContext {
  readonly session: OwnSession;
}

/** Points at which stages run, with their contexts. */
export interface StagePoints {
  "account.sending": SendingContext;
  "account.delivering": DeliveringContext;
  /** A message found no resource to take it: keep it (`handled`), or it is returned. */
  "account.undelivered": UndeliveredContext;
  /**
   * A session sends presence by which messages to its account's bare JID may go to it from then on, and did not before:
   * what is to come first for it is made ready. The stanza is that presence, which is told to nobody before.
   */
  "session.arriving": ArrivingContext;
}

/** Order and scope of a stage. */
export interface StageOptions {
  readonly kinds: readonly StanzaKind[];
  /** Names of stages that must run later than this one. */
  readonly before?: readonly string[];
  /** Names of stages that must run earlier than this one. */
  readonly after?: readonly string[];
}

/** The stages of one point. */
export interface Stages<C> {
  /** True where no stage looks at this kind: callers may go on without an outcome. */
  idle(kind: StanzaKind): boolean;
  /** Runs them; a stage that throws fails closed: the stanza is rejected. */
  run(stanza: Stanza, context: C): Outcome | Promise<Outcome>;
}
