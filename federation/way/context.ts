// What every connection of a node's federation shares.
import type { SecureContext } from "node:tls";
import type { Logger } from "pino";
import type { FederationConfig } from "../../contract/contract.ts";
import type { Dialable } from "../../contract/global-address.ts";
import type { InboundStanzas, NodeMetrics, StrangersLog } from "../../server/index.ts";
import type { Clock } from "../../xmpp/clock.ts";
import type { Jid } from "../../xmpp/jid/jid.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import type { Resolver, Target } from "../resolver/index.ts";
import type { Anchors, Posh } from "../tls/index.ts";
import type { CountsByRemote } from "./counts.ts";
import type { Policy } from "./policy.ts";
import type { SenderShares } from "./sender-shares.ts";
import type { Trace } from "./trace.ts";

/** One attempt's turn among those of all senders. */
export interface Turn {
  readonly state: "waiting" | "begun" | "over";
  /** Resolves once it has begun, or is over. */
  readonly settled: Promise<void>;
  /** Somebody else waits for the attempt as well: it is his as much, if it has not begun. */
  add(sender: Jid): void;
  /** The attempt needs no look-ups any more, or is given up. Safe to call twice. */
  end(): void;
}

/** Whose attempts to reach a domain are under way. */
export interface AttemptTurns {
  /** One more, for the account whose stanza waits for it; at once where that is nobody's. */
  turn(sender: Jid | undefined): Turn;
}

/** What waits in all queues of a node, in characters. */
export interface QueueBudget {
  used: number;
  /** How much of it is whose. */
  readonly shares: SenderShares;
}

/** Which targets of a domain were lately no way to it. */
export interface TargetNotes {
  /** The targets in their order, those that are not well behind the others. */
  order(domain: string, targets: readonly Target[]): readonly Target[];
  /** One led to the domain, or did not. */
  note(domain: string, target: Target, well: boolean): void;
  /** Forgets all of it. */
  clear(): void;
}

/** The open pings of a node. XEP-0199 §4.3. */
export interface OpenPings {
  /** Registers a question of our domain `from` to the domain `to`; returns the stanza's text and what forgets it. */
  ask(from: string, to: string, answered: () => void): { readonly text: string; readonly forget: () => void };
  /** Takes an IQ that answers one; `from` and `to` are checked by the caller's stream. */
  take(raw: RawElement): boolean;
  /** Takes one that came to another node. */
  takeElsewhere(stanza: Stanza): boolean;
}

/** Shared by all connections. */
export interface FederationContext {
  /** The settings now; a reload replaces them. */
  readonly config: FederationConfig;
  /** Which addresses may be dialled now, whoever's name led to them. */
  readonly dialable: Pick<Dialable, "has">;
  /** What holds for a remote domain now. */
  policy(domain: string): Policy;
  readonly inbound: InboundStanzas;
  /** Sends a stanza of ours to another server. */
  route(stanza: Stanza): void;
  readonly resolver: Resolver;
  /** Which of the places that it finds were no way lately. */
  readonly health: TargetNotes;
  readonly anchors: Anchors;
  readonly posh: Posh;
  /** TLS context of a local domain; undefined where it has no certificate. */
  tlsContext(domain: string): SecureContext | undefined;
  /** PEM of a local domain's certificate and its intermediates; undefined where it has none. */
  certificateOf(domain: string): string | undefined;
  /** Secrets that dialback keys may be made with, the present one first. XEP-0185. */
  readonly secrets: readonly string[];
  readonly pings: OpenPings;
  /** Remote domains that a stream leads to at all times, from this node. */
  readonly linked: Set<string>;
  /** Whose attempts to reach a domain are under way. */
  readonly attempts: AttemptTurns;
  /** What waits for all remote domains together. */
  readonly waiting: QueueBudget;
  readonly counts: CountsByRemote;
  readonly trace: Trace;
  readonly metrics: NodeMetrics;
  readonly clock: Clock;
  readonly log: Logger;
  /** For what anybody can cause who reaches our port. */
  readonly strangers: StrangersLog;
  /** For what anybody can cause who has us dial domains. */
  readonly dialled: StrangersLog;
}
