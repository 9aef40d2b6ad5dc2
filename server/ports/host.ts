// A virtual host as the rooms of its node see it: each what it needs, and no more.
import type { Logger } from "pino";
import type { Clock } from "../../xmpp/clock.ts";
import type { Jid } from "../../xmpp/jid/jid.ts";
import type { ErrorDetails, StanzaErrorCondition } from "../../xmpp/stanza/error.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { Estates, NodeBus, SessionRegistry } from "./cluster.ts";
import type { HostEvents } from "./events.ts";
import type { HttpRoutes } from "./http.ts";
import type { IqOwners } from "./iq.ts";
import type { ClientSession, Sessions } from "./session.ts";
import type { StagePoints, Stages } from "./stages.ts";
import type { Stores } from "./store.ts";
import type { InlineBindFeature, StreamFeature } from "./stream.ts";

/** One domain served here. */
export interface ServedHost {
  readonly domain: string;
  readonly jid: Jid;
  readonly clock: Clock;
  readonly log: Logger;
  readonly sessions: Sessions;
  /** Answers with a stanza error where that is allowed; who waits for the stanza's safety waits for the error's. */
  refuse(stanza: Stanza, condition: StanzaErrorCondition, details?: string | ErrorDetails): void | Promise<void>;
}

/** Takes answers to requests of the server's own. */
export interface PendingRequests {
  /** `forwarded`: it came to another node first, which asked nobody. */
  answered(answer: Stanza, forwarded?: boolean): void;
}

/** What the delivery room sees. */
export interface DeliveryHost extends ServedHost {
  readonly accounts: { exists(domain: string, local: string): Promise<boolean> };
  readonly pipelines: { readonly [P in keyof StagePoints]: Stages<StagePoints[P]> };
  readonly iqHandlers: IqOwners;
  readonly requests: PendingRequests;
  readonly registry: { readonly estates: Estates };
  /** Sends a stanza on its way, to wherever `to` says. */
  route(stanza: Stanza): void | Promise<void>;
  /** While its modules are changed, which what they answer waits for. */
  readonly changing: Promise<unknown> | undefined;
  /** Tells observers where a message went. */
  delivered(stanza: Stanza, account: string, takers: readonly ClientSession[]): void;
}

/** Where messages go that nobody can be given. */
export interface DeadLetterBox {
  /** A delivery of it ended a stream: true where it is a dead letter now. @throws StoreUnavailable */
  ended(local: string, stanza: Stanza): Promise<boolean>;
  /** @throws StoreUnavailable */
  add(local: string, text: string, reason: string): Promise<void>;
}

/** What sessions and what they hold need, of this node and of others. */
export interface SessionHost extends ServedHost {
  readonly bus: NodeBus;
  readonly registry: SessionRegistry;
  readonly storage: Pick<Stores, "of">;
  readonly deadLetters: DeadLetterBox;
  emit<E extends keyof HostEvents>(event: E, value: HostEvents[E]): void;
  /** True where a module gives the session a copy of what another session of its account is given. */
  copiesTo(session: ClientSession, stanza: Stanza): boolean;
  /** Takes a message that a session held and could not keep; never back to that session. */
  redeliver(stanza: Stanza): void | Promise<void>;
}

/** What a client's stream needs from its first header on. */
export interface ClientHost extends DeliveryHost, SessionHost {
  readonly registry: SessionRegistry;
  /** True where a certificate is configured. */
  readonly hasTls: boolean;
  readonly storage: Pick<Stores, "of">;
  /** What modules serve by HTTP. */
  readonly httpRoutes: HttpRoutes;
  /** The same of domains of modules' own. */
  readonly httpDomains: ReadonlyMap<string, HttpRoutes>;
  /** Stream features that modules added. */
  readonly streamFeatures: readonly StreamFeature[];
  /** What clients may ask for while binding within SASL2. XEP-0386. */
  readonly inlineBindFeatures: readonly InlineBindFeature[];
}
