// One domain served here: its modules, its sessions, and the way of a stanza through both.
import type { Logger } from "pino";
import type { Clock } from "../../xmpp/clock.ts";
import { Jid } from "../../xmpp/jid/jid.ts";
import type { ErrorDetails, StanzaErrorCondition } from "../../xmpp/stanza/error.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { Accounts } from "../accounts/accounts.ts";
import { AccountChanges } from "../accounts/lifecycle.ts";
import { answerWays } from "../cluster/routes/answers.ts";
import { acceptStanza } from "../delivery/accept.ts";
import { inBackground } from "../delivery/background.ts";
import { DeadLetters } from "../delivery/dead-letters.ts";
import { giveBack } from "../delivery/give-back.ts";
import type { IqHandlers } from "../delivery/iq.ts";
import { promisedKey } from "../delivery/promised.ts";
import { Requests } from "../delivery/requests.ts";
import type { DomainService, Router } from "../delivery/route.ts";
import type { Pipeline } from "../delivery/stages.ts";
import { deliverMessage } from "../delivery/to-account.ts";
import { HostBus } from "../module/host-bus.ts";
import { enter, type Withdraw } from "../module/registrations.ts";
import type { ModuleMetrics } from "../observe/module-metrics.ts";
import type { Trace } from "../observe/trace.ts";
import type { NodeBus, SessionRegistry } from "../ports/cluster.ts";
import type { RemoteLink } from "../ports/delivery.ts";
import type { HostEvents } from "../ports/events.ts";
import type { Exclusive, Section } from "../ports/exclusive.ts";
import type { ClientHost } from "../ports/host.ts";
import type { HttpRoutes } from "../ports/http.ts";
import type { OrderedIds } from "../ports/ids.ts";
import type { Ownership } from "../ports/owned.ts";
import type { ClientSession, OwnSession } from "../ports/session.ts";
import type { Outcome, StagePoints } from "../ports/stages.ts";
import type { StoreKey, Stores } from "../ports/store.ts";
import type { InlineBindFeature, StreamFeature } from "../ports/stream.ts";
import type { ServiceKey } from "../service/service.ts";
import type { Services } from "../service/services.ts";
import { orderedIds } from "../storage/ordered-ids.ts";
import { Extensions } from "./extensions.ts";
import { SessionList } from "./sessions.ts";

/** What a host is made of. */
export interface HostParts {
  readonly domain: string;
  readonly admins: readonly string[];
  /** True where a certificate is configured. */
  readonly hasTls: boolean;
  readonly router: Router<VirtualHost>;
  readonly services: Services;
  readonly storage: Stores;
  readonly accounts: Accounts;
  readonly trace: Trace;
  readonly metrics: ModuleMetrics;
  readonly bus: NodeBus;
  readonly registry: SessionRegistry;
  readonly exclusive: Exclusive;
  readonly ownership: Ownership;
  readonly clock: Clock;
  readonly log: Logger;
}

type Pipelines = { readonly [P in keyof StagePoints]: Pipeline<StagePoints[P]> };

/** A virtual host. */
export class VirtualHost implements ClientHost {
  readonly domain: string;
  readonly jid: Jid;
  readonly admins: readonly string[];
  readonly hasTls: boolean;
  readonly sessions = new SessionList();
  readonly storage: Stores;
  readonly accounts: Accounts;
  readonly trace: Trace;
  /** What modules of every host count. */
  readonly metrics: ModuleMetrics;
  readonly bus: NodeBus;
  readonly registry: SessionRegistry;
  /** Of what its modules keep for clients. */
  readonly ids: OrderedIds;
  readonly clock: Clock;
  readonly log: Logger;
  /** What its modules added. */
  readonly extensions: Extensions;
  /** The bus as its modules have it. */
  readonly moduleBus: HostBus;
  readonly iqHandlers: IqHandlers;
  readonly requests: Requests;
  readonly accountChanges: AccountChanges;
  readonly deadLetters: DeadLetters;
  readonly pipelines: Pipelines;
  private readonly router: Router<VirtualHost>;
  /** For what two nodes must not do at once; keys are of every host. */
  readonly exclusion: Exclusive;
  /** Who owns what in the region. */
  readonly ownership: Ownership;
  private readonly services: Services;
  /** Domains whose module is taken down, until the change is over; each with how that ends. */
  private readonly between = new Map<string, Withdraw>();
  /** A change of the modules under way. */
  changing: Promise<unknown> | undefined;

  constructor(parts: HostParts) {
    this.domain = parts.domain;
    this.jid = Jid.parse(parts.domain);
    this.admins = parts.admins;
    this.hasTls = parts.hasTls;
    this.router = parts.router;
    this.services = parts.services;
    this.storage = parts.storage;
    this.accounts = parts.accounts;
    this.trace = parts.trace;
    this.metrics = parts.metrics;
    this.bus = parts.bus;
    this.registry = parts.registry;
    this.exclusion = parts.exclusive;
    this.ownership = parts.ownership;
    this.ids = orderedIds(parts.clock.now);
    this.clock = parts.clock;
    this.log = parts.log.child({ host: parts.domain });
    this.requests = new Requests(parts.clock, answerWays(parts.bus));
    this.accountChanges = new AccountChanges(this);
    this.deadLetters = new DeadLetters(this);
    this.extensions = new Extensions(this.log);
    this.iqHandlers = this.extensions.iqHandlers;
    this.pipelines = this.extensions.pipelines;
    this.moduleBus = new HostBus(parts.bus, parts.domain);
  }

  /** What clients may ask for while binding within SASL2. XEP-0386. */
  get inlineBindFeatures(): readonly InlineBindFeature[] {
    return this.extensions.inlineBindFeatures;
  }

  /** What modules serve by HTTP. */
  get httpRoutes(): HttpRoutes {
    return this.extensions.httpRoutes;
  }

  /** The same of domains of modules' own. */
  get httpDomains(): ReadonlyMap<string, HttpRoutes> {
    return this.extensions.httpDomains;
  }

  /** Stream features that modules added. */
  get streamFeatures(): readonly StreamFeature[] {
    return this.extensions.streamFeatures;
  }

  /** What comes while modules are changed waits until that is over: nothing slips by a stage that is missing for a moment. */
  hold(change: Promise<unknown>): void {
    this.changing = change;
    const over = () => {
      if (this.changing === change) this.changing = undefined;
      for (const leave of [...this.between.values()]) leave();
    };
    change.then(over, over);
    // Events first: what happened before a stanza that waits is told before it.
    this.extensions.events.hold(change);
    for (const pipeline of Object.values(this.pipelines)) pipeline.hold(change);
  }

  accept(stanza: Stanza): void | Promise<void> {
    return acceptStanza(this, stanza);
  }

  /** Takes a message that a session held and could not keep; never back to that session. */
  redeliver(stanza: Stanza): void | Promise<void> {
    return deliverMessage(this, stanza, true);
  }

  remoteLinks(): readonly RemoteLink[] {
    return this.router.remoteLinks();
  }

  /** Tells every host of this node that an account of this one is no more. */
  departed(contact: Jid): void {
    for (const host of this.router.hosts.values()) host.emit("contact.departed", { contact });
  }

  governs(account: Jid): boolean {
    return [...this.router.hosts.values()].some(({ admins }) => admins.includes(account.bare));
  }

  serves(domain: string): boolean {
    return this.router.hosts.has(domain);
  }

  /**
   * Has the router bring what is for another domain to whoever serves it. Once that is withdrawn, what comes until the
   * change of modules is over waits for whoever serves it then. @throws Error where it is served already
   */
  serveDomain(domain: string, service: DomainService): Withdraw {
    const { services } = this.router;
    this.between.get(domain)?.();
    if (this.router.serves(domain)) throw new Error(`${domain} is served already`);
    const withdraw = enter(services, domain, service);
    return () => {
      withdraw();
      const leave = enter(services, domain, { accept: (stanza) => this.acceptOnceChanged(domain, stanza) });
      this.between.set(domain, () => {
        this.between.delete(domain);
        leave();
      });
    };
  }

  /** Takes what is for a domain of a module once the change of modules is over, by whoever serves it then. */
  async acceptOnceChanged(domain: string, stanza: Stanza): Promise<void> {
    while (this.changing !== undefined) await this.changing.catch(() => {});
    const service = this.between.has(domain) ? undefined : this.router.services.get(domain);
    return service === undefined ? this.refuse(stanza, "service-unavailable") : service.accept(stanza);
  }

  route(stanza: Stanza): void | Promise<void> {
    return this.router.route(stanza);
  }

  /** Answers with a stanza error where that is allowed, as `giveBack`. */
  refuse(stanza: Stanza, condition: StanzaErrorCondition, details: string | ErrorDetails = {}): void | Promise<void> {
    const promised = condition === "resource-constraint" ? stanza.note(promisedKey) : undefined;
    if (promised !== undefined) return promised.refused();
    return giveBack(this.router, stanza, condition, typeof details === "string" ? { text: details } : details);
  }

  async arriving(session: OwnSession, presence: Stanza): Promise<Outcome> {
    const older = this.registry.estates.awaited(session.account);
    if (older !== undefined) await older;
    const outcome = await this.pipelines["session.arriving"].run(presence, { session });
    // What a stage made ready for it is not to come.
    if (outcome.kind !== "go") session.unpause();
    return outcome;
  }

  emit<E extends keyof HostEvents>(event: E, value: HostEvents[E]): void {
    this.extensions.events.emit(event, value);
  }

  /** True where a module gives the session a copy of what another session of its account is given. */
  copiesTo(session: ClientSession, stanza: Stanza): boolean {
    return this.extensions.copiesTo(session, stanza);
  }

  /** Tells observers where a message went. */
  delivered(stanza: Stanza, account: string, takers: readonly ClientSession[]): void {
    const { events } = this.extensions;
    if (events.observed("message.delivered")) events.emit("message.delivered", { stanza, account, takers });
  }

  store<S extends object>(key: StoreKey<S>): S {
    return this.storage.of(key);
  }

  /** What a service of the node gives. @throws Error where it has not started */
  service<T>(key: ServiceKey<T>): T {
    return this.services.use(key);
  }

  exclusive<T>(key: string, work: (section: Section) => Promise<T>): Promise<T> {
    return this.exclusion.run(`${this.domain} ${key}`, work);
  }

  /** Sends an IQ request and calls back with its answer; undefined where none came within 30 s. */
  request(stanza: Stanza, answered: (answer: Stanza | undefined) => void): void {
    const request = this.requests.expect(stanza, answered);
    if (request !== undefined) inBackground(this.route(request), this.log);
  }
}
