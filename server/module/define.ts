// The module contract: what a feature declares, and what it may do with a virtual host.
import type { Logger } from "pino";
import type { z } from "zod";
import type { Clock } from "../../xmpp/clock.ts";
import type { Jid } from "../../xmpp/jid/jid.ts";
import type { ErrorDetails, StanzaErrorCondition } from "../../xmpp/stanza/error.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { Accounts } from "../accounts/accounts.ts";
import type { AccountChanges, Farewell } from "../accounts/lifecycle.ts";
import type { DeadLetters } from "../delivery/dead-letters.ts";
import type { Trace } from "../observe/trace.ts";
import type { NodeBus, Shared, SharedOptions } from "../ports/cluster.ts";
import type { RemoteLink } from "../ports/delivery.ts";
import type { HostEvents } from "../ports/events.ts";
import type { Section } from "../ports/exclusive.ts";
import type { HttpHandler, HttpRoute } from "../ports/http.ts";
import type { OrderedIds } from "../ports/ids.ts";
import type { IqHandler, IqTarget, OwnedPayload } from "../ports/iq.ts";
import type { Metric, MetricDeclaration, MetricLabels } from "../ports/metrics.ts";
import type { OwnedKind, Owners } from "../ports/owned.ts";
import type { ClientSession, OwnSession, SessionsSeen } from "../ports/session.ts";
import type { Filter, Outcome, StageOptions, StagePoints } from "../ports/stages.ts";
import type { StoreKey } from "../ports/store.ts";
import type { InlineBindFeature, StreamFeature } from "../ports/stream.ts";
import type { ModuleService, ModuleServiceKey } from "../service/service.ts";
import type { StoreDefinition } from "../storage/define.ts";
import type { Disclosure, DiscoReading } from "./disco-registry.ts";
import type { DocumentKind, Documents } from "./documents.ts";
import type { OwnDomain } from "./own-domain.ts";
import type { Withdraw } from "./registrations.ts";

export type { HostEvents } from "../ports/events.ts";
export type { IqAudience, IqHandler, IqRequest, IqTarget, OwnedPayload, OwnTarget } from "../ports/iq.ts";
export type {
  DeliveringContext,
  SendingContext,
  StageOptions,
  StagePoints,
  UndeliveredContext,
} from "../ports/stages.ts";

/** Typed key of what one module offers to others. */
export class ApiKey<T> {
  declare readonly type: T;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** True where a session has a copy of a message that another session of its account is given. */
export type CopyRule = (session: ClientSession, stanza: Stanza) => boolean;

/**
 * What a module may be granted beyond what every module has: the bus between nodes, accounts and what is done
 * to them, the connections to other domains. What is not granted throws when it is used.
 */
export const GRANTS = ["bus", "accounts", "accountChanges", "remoteLinks"] as const;
export type Grant = (typeof GRANTS)[number];

/** What modules register with a host. All of it is withdrawn by itself once the module is over there. */
export interface Registering {
  /** Registers the one owner of an IQ payload. @throws Error where it has an owner already */
  iq(payload: OwnedPayload, handler: IqHandler): void;
  /** Registers a stage. @throws Error for a name taken already, or a cycle */
  stage<P extends keyof StagePoints>(
    point: P,
    name: string,
    options: StageOptions,
    filter: Filter<StagePoints[P]>,
  ): void;
  /** Says which sessions have copies of messages by the module's doing. */
  copies(rule: CopyRule): void;
  /** Observes an event. */
  on<E extends keyof HostEvents>(event: E, observer: (event: HostEvents[E]) => void | Promise<void>): void;
  /** Adds a feature to client streams. */
  streamFeature(feature: StreamFeature): void;
  /** Adds a feature that clients may switch on while binding within SASL2. XEP-0386. */
  inlineBindFeature(feature: InlineBindFeature): void;
  /** Answers HTTP requests for the host; the route is named in `routes`. @throws Error where it is not, or is taken */
  http(route: HttpRoute, handler: HttpHandler): void;
  /**
   * A counter or gauge of the module's own, as `meridian_MODULE_NAME` with the host as a label; it starts at 0, and every
   * value that a label may have is declared. @throws Error for a name that is none, or declared already; for too many series
   */
  metric<L extends MetricLabels>(declaration: MetricDeclaration<L>): Metric<L>;
  /** Says something of a target to service discovery; the answer takes it back before that. */
  disclose(target: IqTarget, disclosure: Disclosure): Withdraw;
  /** Offers something to other modules. @throws Error where another offers it already */
  provide<T>(key: ApiKey<T>, value: T): void;
  /** Adds work that is done before an account of the host is removed; what it throws keeps the account. */
  beforeRemoval(farewell: Farewell): void;
  /** Notes how something that was registered elsewhere is undone, such as with what another module offers. */
  whenOver(undo: Withdraw): void;
}

/** A virtual host as a module sees it. */
export interface ModuleHost extends Registering {
  readonly domain: string;
  readonly jid: Jid;
  readonly admins: readonly string[];
  readonly sessions: SessionsSeen;
  /** Which accounts there are; what becomes of them is `accountChanges`. Granted. */
  readonly accounts: Pick<Accounts, "exists" | "list" | "count">;
  /** The module's own domain, declared as `domain`; it is served as long as the module runs. @throws Error where it is not */
  readonly own: OwnDomain;
  /** What is said of the host and of its accounts, by every module. */
  readonly disco: { readonly host: DiscoReading; readonly account: DiscoReading };
  /** Accounts whose stanzas are logged. */
  readonly trace: Trace;
  /** As the bus's, for whoever needs nothing else of it: resolves once every node knows what was told of sessions until now. */
  barrier(): Promise<void> | undefined;
  /** The other nodes of the cluster, to tell them what they remember wrongly from now on. Granted. */
  readonly bus: NodeBus;
  /** Ids that clients see and page by: in the order of time, and of this node alone. */
  readonly ids: OrderedIds;
  /** Timers end with the module. */
  readonly clock: Clock;
  /** Timers go on though the module is over: for work that was begun and must be finished, such as a message in hand. */
  readonly lastingClock: Clock;
  readonly log: Logger;
  /** Messages that no client could take. */
  readonly deadLetters: DeadLetters;
  emit<E extends keyof HostEvents>(event: E, value: HostEvents[E]): void;
  /** A store that the module keeps something in; named in `stores`. @throws Error where it is not, or is that of documents */
  store<S extends object>(key: StoreKey<S>): S;
  /**
   * The module's documents of one kind, as values; `DOCUMENTS` is named in `stores`. @throws Error where it is not, or another
   * module has the kind
   */
  documents<T>(kind: DocumentKind<T>): Documents<T>;
  /** What a service of the node gives; named in `services`. @throws Error where it is not, or has not started */
  service<T>(key: ModuleServiceKey<T>): T;
  /**
   * Runs `work` while no other node does any of that key, in the order of asking; never without its lock. Right before each
   * write `section.check()` tells whether it still may. @throws ExclusiveUnavailable, answered with `resource-constraint`
   */
  exclusive<T>(key: string, work: (section: Section) => Promise<T>): Promise<T>;
  /** A view of what is kept of accounts: read once, true at every node, changed by one at a time. @throws Error where the name is used */
  shared<T>(options: SharedOptions<T>): Shared<T>;
  /** Keys that one member of the region at a time owns (rooms): it orders what happens to each. */
  owned(kind: OwnedKind): Owners;
  /** Takes what another module offers; that one is named in `needs`. @throws Error where it is not */
  use<T>(key: ApiKey<T>): T;
  /** Makes and removes accounts, gives them passwords, ends their streams. Granted. */
  readonly accountChanges: AccountChanges;
  /** Connections to other domains that are up, of every host of the node. Granted. */
  remoteLinks(): readonly RemoteLink[];
  /** True for an administrator of any host of this node. */
  governs(account: Jid): boolean;
  /** True for a domain whose accounts are served by this node, as this host's are. */
  serves(domain: string): boolean;
  /** Runs the stages of `session.arriving`; where the presence does not go on the session stays as it was. */
  arriving(session: OwnSession, presence: Stanza): Promise<Outcome>;
  /** Sends a stanza on its way, to wherever `to` says. */
  route(stanza: Stanza): void | Promise<void>;
  /** Gives a stanza back to its sender with an error, where its kind allows one; for what a stage took first. */
  refuse(stanza: Stanza, condition: StanzaErrorCondition, details?: string | ErrorDetails): void | Promise<void>;
  /** Sends an IQ request and calls back with its answer; undefined where none came within 30 s. */
  request(stanza: Stanza, answered: (answer: Stanza | undefined) => void): void;
}

/** What a module that runs is told later on. */
export interface Activation<S> {
  /**
   * Ends what is not registered: lets go of what sessions wait for, tells who must know. It must not wait for stanzas of
   * its own host, which stand still meanwhile. What it throws is logged.
   */
  deactivate?(): void | Promise<void>;
  /**
   * Goes on with other settings. Without it the module, and every module that needs it, is deactivated and activated
   * anew. What it throws leaves the old settings in place: it is called with those once more.
   */
  takeSettings?(settings: S): void | Promise<void>;
}

/** For a module that looks at its settings each time: a copy of them, and the way in which they are replaced in place. */
export function liveSettings<S extends object>(given: S): { readonly settings: S; readonly activation: Activation<S> } {
  const settings = { ...given };
  return { settings, activation: { takeSettings: (next) => void Object.assign(settings, next) } };
}

/** A feature. */
export interface ModuleDefinition<C extends z.ZodType = z.ZodType> {
  /** One word, in lower case. */
  readonly name: string;
  /** Specifications with their versions, e.g. `XEP-0313 1.1.3`, `RFC 6121 §2`. */
  readonly implements: readonly string[];
  /** Modules that must be active before this one. */
  readonly needs?: readonly string[];
  /** What it keeps. */
  readonly stores?: readonly StoreDefinition[];
  /** Services of the node without which it does not start; nor does what needs it. */
  readonly services?: readonly ModuleService[];
  /** The domain of its own beside a host, by its settings; see `domainNamed`. One that another serves is a mistake. */
  domain?(settings: z.output<C>, host: string): string;
  /** What it serves by HTTP; `http` is among its services then, since not every node has a listener for it. */
  readonly routes?: readonly HttpRoute[];
  /** What it has of the host beyond what every module has. */
  readonly grants?: readonly Grant[];
  /** True (the default) where the module runs without being named in the configuration. */
  readonly byDefault?: boolean;
  readonly config: C;
  /** Registers what the module does for a host. What it throws leaves nothing registered. */
  activate(
    host: ModuleHost,
    settings: z.output<C>,
  ): void | Activation<z.output<C>> | Promise<void> | Promise<Activation<z.output<C>>>;
}

/** Declares a module. */
export function defineModule<C extends z.ZodType>(definition: ModuleDefinition<C>): ModuleDefinition<C> {
  return definition;
}
