// IQ requests and who owns them. RFC 6120 §8.2.3.
import type { Element } from "ltx";
import type { Jid } from "../../xmpp/jid/jid.ts";
import type { IqPayload } from "../../xmpp/stanza/iq.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { OwnSession } from "./session.ts";

/** An IQ request as its handler sees it. */
export interface IqRequest {
  readonly stanza: Stanza;
  readonly from: Jid;
  readonly to: Jid;
  /** The request's one child. */
  readonly payload: Element;
  /** The session of ours that sent it, where one did. */
  readonly session: OwnSession | undefined;
}

/** Answers a request: a payload for the result, nothing for an empty one, or a thrown `StanzaError`. */
export type IqHandler = (request: IqRequest) => IqPayload | Promise<IqPayload>;

/**
 * A domain of a module's own, by the name of its module (`domain:rooms`), or whatever lives there and its module says of
 * (`entity:rooms`, a room's bare JID). Where that module does not run, nobody asks.
 */
export type OwnTarget = `domain:${string}` | `entity:${string}`;

/** Who an IQ handler serves: the host's own JID, any account's bare JID, or what is at a domain of a module's own. */
export type IqTarget = "host" | "account" | OwnTarget;

/**
 * Who may ask an account: only its owner (others get `service-unavailable`, whether or not it exists), or anyone. A handler for
 * anyone is asked about accounts that do not exist too, and answers for them as for one that keeps nothing.
 */
export type IqAudience = "owner" | "anyone";

/** A request's payload, as its one owner names it. */
export interface OwnedPayload {
  readonly target: IqTarget;
  readonly type: "get" | "set";
  readonly xmlns: string;
  readonly name: string;
  /** Who may ask an account; only its owner where nothing is said. */
  readonly audience?: IqAudience;
}

/** The one owner of a target, type, namespace and name. */
export interface IqOwner {
  readonly handler: IqHandler;
  readonly audience: IqAudience;
}

/** Finds owners. */
export interface IqOwners {
  find(target: IqTarget, stanza: Stanza): IqOwner | undefined;
}
