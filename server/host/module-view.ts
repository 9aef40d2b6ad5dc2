// A virtual host as one of its modules sees it: what the module declared, and whatever it registers until it is over.
import type { Logger } from "pino";
import type { Clock } from "../../xmpp/clock.ts";
import type { Jid } from "../../xmpp/jid/jid.ts";
import type { ErrorDetails, StanzaErrorCondition } from "../../xmpp/stanza/error.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { Accounts } from "../accounts/accounts.ts";
import type { AccountChanges, Farewell } from "../accounts/lifecycle.ts";
import { SharedView } from "../cluster/shared/shared-view.ts";
import { inBackground } from "../delivery/background.ts";
import type { DeadLetters } from "../delivery/dead-letters.ts";
import { DOCUMENTS } from "../documents/store.ts";
import type { ApiKey, CopyRule, Grant, ModuleDefinition, ModuleHost } from "../module/define.ts";
import type { Disclosure, DiscoReading } from "../module/disco-registry.ts";
import { type DocumentKind, type Documents, documentsOf } from "../module/documents.ts";
import type { OwnDomain } from "../module/own-domain.ts";
import type { Registrations, Withdraw } from "../module/registrations.ts";
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
import type { OwnSession, SessionsSeen } from "../ports/session.ts";
import type { Filter, Outcome, StageOptions, StagePoints } from "../ports/stages.ts";
import type { StoreKey } from "../ports/store.ts";
import type { InlineBindFeature, StreamFeature } from "../ports/stream.ts";
import type { ModuleServiceKey } from "../service/service.ts";
import { ServedDomain } from "./served-domain.ts";
import type { VirtualHost } from "./virtual-host.ts";

/** What a module has of its host. */
export class ModuleView implements ModuleHost {
  readonly domain: string;
  readonly jid: Jid;
  readonly admins: readonly string[];
  readonly sessions: SessionsSeen;
  readonly disco: { readonly host: DiscoReading; readonly account: DiscoReading };
  readonly trace: Trace;
  readonly ids: OrderedIds;
  readonly clock: Clock;
  readonly lastingClock: Clock;
  readonly log: Logger;
  readonly deadLetters: DeadLetters;
  private readonly host: VirtualHost;
  private readonly definition: ModuleDefinition;
  private readonly registrations: Registrations;
  private readonly ownBus: NodeBus;
  private readonly ownDomain: OwnDomain | undefined;

  /** Serves the module's own domain from now on, where it declares one. @throws Error where that is served already */
  constructor(host: VirtualHost, definition: ModuleDefinition, registrations: Registrations, settings: unknown = {}) {
    this.host = host;
    this.definition = definition;
    this.registrations = registrations;
    this.ownBus = host.moduleBus.of(registrations);
    this.domain = host.domain;
    this.jid = host.jid;
    this.admins = host.admins;
    this.sessions = host.sessions;
    this.disco = host.extensions.disco;
    this.trace = host.trace;
    this.ids = host.ids;
    this.clock = registrations.clock(host.clock);
    this.lastingClock = host.clock;
    this.log = host.log;
    this.deadLetters = host.deadLetters;
    const own = definition.domain?.(settings, host.domain);
    if (own !== undefined)
      this.ownDomain = new ServedDomain(host, own, { registrations, declared: (route) => this.declared(route) });
  }

  get own(): OwnDomain {
    if (this.ownDomain === undefined)
      throw new Error(`the module ${this.definition.name} declares no "domain" of its own`);
    return this.ownDomain;
  }

  get accounts(): Pick<Accounts, "exists" | "list" | "count"> {
    return this.granted("accounts").accounts;
  }

  get accountChanges(): AccountChanges {
    return this.granted("accountChanges").accountChanges;
  }

  get bus(): NodeBus {
    this.granted("bus");
    return this.ownBus;
  }

  barrier(): Promise<void> | undefined {
    return this.host.bus.barrier();
  }

  remoteLinks(): readonly RemoteLink[] {
    return this.granted("remoteLinks").remoteLinks();
  }

  exclusive<T>(key: string, work: (section: Section) => Promise<T>): Promise<T> {
    return this.host.exclusive(key, work);
  }

  shared<T>(options: SharedOptions<T>): Shared<T> {
    const { domain, ownBus: bus, clock } = this;
    const isHere = (local: string) => this.sessions.of(local).some(({ remote }) => !remote);
    // Its lock is the module's own too.
    const name = `${options.name} ${this.definition.name}`;
    const view = new SharedView<T>(
      { domain, bus, exclusive: this.host.exclusion, clock, isHere },
      { ...options, name },
    );
    this.keep(() => view.close());
    // What was read behind a removal is not the next owner's.
    for (const event of ["account.deleted", "account.created"] as const)
      this.on(event, ({ account }) => view.forget(account.local));
    return view;
  }

  owned(kind: OwnedKind): Owners {
    const owners = this.host.ownership.kind({
      name: `${kind.name}@${this.domain}`,
      begin: (key, term) => kind.begin(key, term),
      told: (key, text) => kind.told?.(key, text),
    });
    this.registrations.addEnding(() => owners.withdraw());
    // Where its activation fails, nothing ends in order.
    this.keep(() => inBackground(owners.withdraw(), this.log));
    return owners;
  }

  store<S extends object>(key: StoreKey<S>): S {
    // It has the kinds of every module.
    if (key.name === DOCUMENTS.name)
      throw new Error(`the module ${this.definition.name} has documents by host.documents alone`);
    return this.declaredStore(key);
  }

  private declaredStore<S extends object>(key: StoreKey<S>): S {
    const { name, stores = [] } = this.definition;
    if (!stores.some((store) => store.name === key.name))
      throw new Error(`the module ${name} has no ${key.name} among its "stores"`);
    return this.host.store(key);
  }

  documents<T>(kind: DocumentKind<T>): Documents<T> {
    const store = () => this.declaredStore(DOCUMENTS);
    // Told at once where it is not declared.
    store();
    this.keep(this.host.extensions.documentKind(kind.name, this.definition.name));
    return documentsOf(store, this.domain, kind);
  }

  service<T>(key: ModuleServiceKey<T>): T {
    const { name, services = [] } = this.definition;
    if (!services.includes(key.name)) throw new Error(`the module ${name} has no ${key.name} among its "services"`);
    return this.host.service(key);
  }

  use<T>(key: ApiKey<T>): T {
    const { module, value } = this.host.extensions.offer(key);
    const { name, needs = [] } = this.definition;
    if (!needs.includes(module)) throw new Error(`the module ${name} has no ${module} among its "needs"`);
    return value;
  }

  iq(payload: OwnedPayload, handler: IqHandler): void {
    this.keep(this.host.extensions.iqHandlers.add(payload, handler));
  }

  stage<P extends keyof StagePoints>(
    point: P,
    name: string,
    options: StageOptions,
    filter: Filter<StagePoints[P]>,
  ): void {
    const { extensions } = this.host;
    extensions.filters(this.definition.name, point, options.kinds);
    this.keep(extensions.stage(point, name, options, filter));
  }

  on<E extends keyof HostEvents>(event: E, observer: (event: HostEvents[E]) => void | Promise<void>): void {
    this.keep(this.host.extensions.events.on(event, observer));
  }

  copies(rule: CopyRule): void {
    this.keep(this.host.extensions.copies(rule));
  }

  streamFeature(feature: StreamFeature): void {
    this.keep(this.host.extensions.streamFeature(feature));
  }

  inlineBindFeature(feature: InlineBindFeature): void {
    this.keep(this.host.extensions.inlineBindFeature(feature));
  }

  http(route: HttpRoute, handler: HttpHandler): void {
    this.keep(this.host.extensions.httpRoutes.add(this.declared(route), handler));
  }

  /** The route as it was declared, with its bounds. @throws Error where it was not */
  private declared(route: HttpRoute): HttpRoute {
    const { name, routes = [] } = this.definition;
    const known = routes.find(({ method, path }) => method === route.method && path === route.path);
    if (known === undefined)
      throw new Error(`the module ${name} has no ${route.method} ${route.path} among its "routes"`);
    return known;
  }

  metric<L extends MetricLabels>(declaration: MetricDeclaration<L>): Metric<L> {
    const { metric, withdraw } = this.host.metrics.declare(
      { module: this.definition.name, domain: this.domain },
      declaration,
    );
    this.keep(withdraw);
    return metric;
  }

  disclose(target: IqTarget, disclosure: Disclosure): Withdraw {
    return this.keep(this.host.extensions.disco.of(target).add(disclosure));
  }

  provide<T>(key: ApiKey<T>, value: T): void {
    this.keep(this.host.extensions.provide(key, value, this.definition.name));
  }

  beforeRemoval(farewell: Farewell): void {
    this.keep(this.host.accountChanges.beforeRemoval(farewell));
  }

  whenOver(undo: Withdraw): void {
    this.keep(undo);
  }

  arriving(session: OwnSession, presence: Stanza): Promise<Outcome> {
    return this.host.arriving(session, presence);
  }

  emit<E extends keyof HostEvents>(event: E, value: HostEvents[E]): void {
    this.host.emit(event, value);
  }

  governs(account: Jid): boolean {
    return this.host.governs(account);
  }

  serves(domain: string): boolean {
    return this.host.serves(domain);
  }

  route(stanza: Stanza): void | Promise<void> {
    return this.host.route(stanza);
  }

  refuse(stanza: Stanza, condition: StanzaErrorCondition, details?: string | ErrorDetails): void | Promise<void> {
    return this.host.refuse(stanza, condition, details);
  }

  request(stanza: Stanza, answered: (answer: Stanza | undefined) => void): void {
    this.host.request(stanza, (answer) => {
      if (!this.registrations.over) answered(answer);
    });
  }

  private keep(undo: Withdraw): Withdraw {
    return this.registrations.add(undo);
  }

  private granted(what: Grant): VirtualHost {
    const { name, grants = [] } = this.definition;
    if (!grants.includes(what)) throw new Error(`the module ${name} has no ${what} among its "grants"`);
    return this.host;
  }
}
