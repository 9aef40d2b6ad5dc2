// One domain served here: its modules, its sessions, and the way of a stanza through both.
import type { Logger } from "pino";
import type { Clock } from "../../xmpp/clock.ts";
import { Jid } from "../../xmpp/jid/jid.ts";
import type { ErrorDetails, StanzaErrorCondition } from "../../xmpp/stanza/error.ts";
import { messageType } from "../../xmpp/stanza/message.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { Accounts } from "../accounts/accounts.ts";
import { AccountChanges } from "../accounts/lifecycle.ts";
import { answerWays } from "../cluster/routes/answers.ts";
import { SharedView } from "../cluster/shared/shared-view.ts";
import { inBackground } from "../delivery/background.ts";
import { DeadLetters } from "../delivery/dead-letters.ts";
import { insistentKey } from "../delivery/insistent.ts";
import { acceptHostIq, IqHandlers } from "../delivery/iq.ts";
import { Requests } from "../delivery/requests.ts";
import type { Router } from "../delivery/route.ts";
import { Pipeline } from "../delivery/stages.ts";
import { deliverMessage, deliverToAccount } from "../delivery/to-account.ts";
import type { ApiKey, CopyRule, ModuleHost } from "../module/define.ts";
import { DiscoRegistry } from "../module/disco-registry.ts";
import { logFailure } from "../observe/failure.ts";
import type { Trace } from "../observe/trace.ts";
import type { Exclusive, NodeBus, Section, SessionRegistry, Shared, SharedOptions } from "../ports/cluster.ts";
import type { RemoteLink } from "../ports/delivery.ts";
import type { HostEvents } from "../ports/events.ts";
import { failureOf } from "../ports/failure.ts";
import type { ClientHost } from "../ports/host.ts";
import type { IqAudience, IqHandler, IqTarget } from "../ports/iq.ts";
import type { ClientSession, OwnSession } from "../ports/session.ts";
import type { Filter, Outcome, StageOptions, StagePoints } from "../ports/stages.ts";
import type { StoreKey, Stores } from "../ports/store.ts";
import type { InlineBindFeature, StreamFeature } from "../ports/stream.ts";
import type { ServiceKey } from "../service/service.ts";
import type { Services } from "../service/services.ts";
import { Events } from "./events.ts";
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
  readonly bus: NodeBus;
  readonly registry: SessionRegistry;
  readonly exclusive: Exclusive;
  readonly clock: Clock;
  readonly log: Logger;
}

type Pipelines = { readonly [P in keyof StagePoints]: Pipeline<StagePoints[P]> };

/** A virtual host. */
export class VirtualHost implements ModuleHost, ClientHost {
  readonly domain: string;
  readonly jid: Jid;
  readonly admins: readonly string[];
  readonly hasTls: boolean;
  readonly sessions = new SessionList();
  readonly storage: Stores;
  readonly accounts: Accounts;
  readonly trace: Trace;
  readonly bus: NodeBus;
  readonly registry: SessionRegistry;
  readonly disco = new DiscoRegistry();
  readonly clock: Clock;
  readonly log: Logger;
  readonly iqHandlers = new IqHandlers();
  readonly requests: Requests;
  readonly accountChanges: AccountChanges;
  readonly deadLetters: DeadLetters;
  readonly pipelines: Pipelines;
  /** What clients may ask for while binding within SASL2. XEP-0386. */
  readonly inlineBindFeatures: InlineBindFeature[] = [];
  /** Stream features that modules added. */
  readonly streamFeatures: StreamFeature[] = [];
  private readonly router: Router<VirtualHost>;
  private readonly exclusion: Exclusive;
  private readonly services: Services;
  private readonly events: Events;
  private readonly copyRules: CopyRule[] = [];
  private readonly apis = new Map<ApiKey<unknown>, unknown>();

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
    this.bus = parts.bus;
    this.registry = parts.registry;
    this.exclusion = parts.exclusive;
    this.clock = parts.clock;
    this.log = parts.log.child({ host: parts.domain });
    this.requests = new Requests(parts.clock, answerWays(parts.bus));
    this.accountChanges = new AccountChanges(this);
    this.deadLetters = new DeadLetters(this);
    this.events = new Events((event, error) => logFailure(this.log, error, "observer failed", { event }));
    const pipeline = <C>() =>
      new Pipeline<C>((stage, error) => logFailure(this.log, error, "stage failed; stanza rejected", { stage }));
    this.pipelines = {
      "account.sending": pipeline(),
      "account.delivering": pipeline(),
      "account.undelivered": pipeline(),
      "session.arriving": pipeline(),
    };
  }

  /**
   * Takes a stanza whose `to` has this host's domain. A fault ends this stanza and nothing else: neither the stream it
   * came on, nor a loop that has more to send.
   */
  accept(stanza: Stanza): void | Promise<void> {
    try {
      return this.deliver(stanza)?.catch((error: unknown) => this.failed(stanza, error));
    } catch (error) {
      return this.failed(stanza, error);
    }
  }

  private failed(stanza: Stanza, error: unknown): void | Promise<void> {
    logFailure(this.log, error, "a stanza could not be delivered", { kind: stanza.kind });
    const { condition, text } = failureOf(error);
    return this.refuse(stanza, condition, text);
  }

  private deliver(stanza: Stanza): void | Promise<void> {
    if (stanza.to?.local !== "") return deliverToAccount(this, stanza);
    if (stanza.kind === "iq") return acceptHostIq(this, stanza);
    // A message to the host itself has no taker here, and whoever wrote it learns so. RFC 6120 §10.5.2. Presence is told
    // to nobody in particular, and a headline is for whoever happens to listen.
    if (stanza.kind === "message" && messageType(stanza) !== "headline")
      return this.refuse(stanza, "service-unavailable");
    stanza.safety?.became("dropped: RFC 6121 §8.1.2");
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

  route(stanza: Stanza): void | Promise<void> {
    return this.router.route(stanza);
  }

  /** Goes on after a pipeline: with the stanza, not at all, or with an error to its sender. */
  proceed(
    outcome: Outcome | Promise<Outcome>,
    original: Stanza,
    next: (stanza: Stanza) => void | Promise<void>,
  ): void | Promise<void> {
    if (outcome instanceof Promise) return outcome.then((settled) => this.proceed(settled, original, next));
    switch (outcome.kind) {
      case "go":
        return next(outcome.stanza);
      case "stopped":
        return;
      case "rejected":
        return this.refuse(original, outcome.condition, outcome.details);
    }
  }

  /** Answers with a stanza error where that is allowed, as `Router.giveBack`. */
  refuse(stanza: Stanza, condition: StanzaErrorCondition, details: string | ErrorDetails = {}): void | Promise<void> {
    const insistent = condition === "resource-constraint" ? stanza.note(insistentKey) : undefined;
    if (insistent !== undefined) return insistent.refused();
    return this.router.giveBack(stanza, condition, typeof details === "string" ? { text: details } : details);
  }

  async arriving(session: OwnSession, presence: Stanza): Promise<Outcome> {
    const outcome = await this.pipelines["session.arriving"].run(presence, { session });
    // What a stage made ready for it is not to come.
    if (outcome.kind !== "go") session.unpause();
    return outcome;
  }

  iq(
    target: IqTarget,
    type: "get" | "set",
    xmlns: string,
    name: string,
    handler: IqHandler,
    audience: IqAudience = "owner",
  ): void {
    this.iqHandlers.add(target, type, xmlns, name, handler, audience);
  }

  stage<P extends keyof StagePoints>(
    point: P,
    name: string,
    options: StageOptions,
    filter: Filter<StagePoints[P]>,
  ): void {
    this.pipelines[point].add({
      name,
      kinds: options.kinds,
      before: options.before ?? [],
      after: options.after ?? [],
      filter,
    });
  }

  on<E extends keyof HostEvents>(event: E, observer: (event: HostEvents[E]) => void | Promise<void>): void {
    this.events.on(event, observer);
  }

  emit<E extends keyof HostEvents>(event: E, value: HostEvents[E]): void {
    this.events.emit(event, value);
  }

  copies(rule: CopyRule): void {
    this.copyRules.push(rule);
  }

  /** True where a module gives the session a copy of what another session of its account is given. */
  copiesTo(session: ClientSession, stanza: Stanza): boolean {
    return this.copyRules.some((rule) => rule(session, stanza));
  }

  /** Tells observers where a message went. */
  delivered(stanza: Stanza, account: string, takers: readonly ClientSession[]): void {
    if (this.events.observed("message.delivered")) this.events.emit("message.delivered", { stanza, account, takers });
  }

  inlineBindFeature(feature: InlineBindFeature): void {
    this.inlineBindFeatures.push(feature);
  }

  streamFeature(feature: StreamFeature): void {
    this.streamFeatures.push(feature);
  }

  store<S extends object>(key: StoreKey<S>): S {
    return this.storage.of(key);
  }

  service<T>(key: ServiceKey<T>): T {
    return this.services.use(key);
  }

  exclusive<T>(key: string, work: (section: Section) => Promise<T>): Promise<T> {
    return this.exclusion.run(`${this.domain} ${key}`, work);
  }

  shared<T>(options: SharedOptions<T>): Shared<T> {
    const isHere = (local: string) => this.sessions.of(local).some(({ remote }) => !remote);
    const { domain, bus, exclusion: exclusive, clock } = this;
    const view = new SharedView<T>({ domain, bus, exclusive, clock, isHere }, options);
    // What was read behind a removal is not the next owner's.
    for (const event of ["account.deleted", "account.created"] as const)
      this.on(event, ({ account }) => view.forget(account.local));
    return view;
  }

  provide<T>(key: ApiKey<T>, value: T): void {
    this.apis.set(key as ApiKey<unknown>, value);
  }

  use<T>(key: ApiKey<T>): T {
    const value = this.apis.get(key as ApiKey<unknown>);
    if (value === undefined) throw new Error(`nothing offers ${key.name}; name its module in "needs"`);
    return value as T;
  }

  request(stanza: Stanza, answered: (answer: Stanza | undefined) => void): void {
    const request = this.requests.expect(stanza, answered);
    if (request !== undefined) inBackground(this.route(request), this.log);
  }
}
