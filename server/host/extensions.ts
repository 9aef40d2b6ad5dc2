// What modules have added to a virtual host, each addition with the way to take it back.
import type { Logger } from "pino";
import type { Stanza, StanzaKind } from "../../xmpp/stanza/stanza.ts";
import { IqHandlers } from "../delivery/iq.ts";
import { Pipeline } from "../delivery/stages.ts";
import type { ApiKey, CopyRule } from "../module/define.ts";
import { type DiscoReading, DiscoRegistry } from "../module/disco-registry.ts";
import { addTo, enter, type Withdraw } from "../module/registrations.ts";
import { logFailure } from "../observe/failure.ts";
import type { ClientSession } from "../ports/session.ts";
import type { Filter, StageOptions, StagePoints } from "../ports/stages.ts";
import type { InlineBindFeature, StreamFeature } from "../ports/stream.ts";
import { Events } from "./events.ts";
import { RouteTable } from "./http-routes.ts";

type Pipelines = { readonly [P in keyof StagePoints]: Pipeline<StagePoints[P]> };

/** What one module offers to others. */
interface Offer {
  readonly module: string;
  readonly value: unknown;
}

/** The additions of all modules of one host. */
export class Extensions {
  readonly iqHandlers = new IqHandlers();
  readonly pipelines: Pipelines;
  readonly events: Events;
  readonly disco = new DiscoRegistry();
  /** What they serve under the node's HTTP service. */
  readonly httpRoutes = new RouteTable();
  /** The same under domains of their own. */
  readonly httpDomains = new Map<string, RouteTable>();
  /** What clients may ask for while binding within SASL2. XEP-0386. */
  readonly inlineBindFeatures: InlineBindFeature[] = [];
  /** Stream features that modules added, and those that are silent; another list once that changes. */
  streamFeatures: readonly StreamFeature[] = [];
  private readonly offered: StreamFeature[] = [];
  private readonly silent = new Map<string, StreamFeature>();
  private readonly copyRules: CopyRule[] = [];
  /** What kinds the stages of each module look at, or did, by point. */
  private readonly filtered = new Map<string, { readonly point: keyof StagePoints; readonly kind: StanzaKind }[]>();
  private readonly documentKinds = new Map<string, string>();
  private readonly offers = new Map<ApiKey<unknown>, Offer>();

  constructor(log: Logger) {
    this.events = new Events((event, error) => logFailure(log, error, "observer failed", { event }));
    const pipeline = <C>() =>
      new Pipeline<C>((stage, error) => logFailure(log, error, "stage failed; stanza rejected", { stage }));
    this.pipelines = {
      "account.sending": pipeline(),
      "account.delivering": pipeline(),
      "account.undelivered": pipeline(),
      "session.arriving": pipeline(),
    };
  }

  /** Adds a stage. @throws Error for a name taken already, or a cycle */
  stage<P extends keyof StagePoints>(
    point: P,
    name: string,
    options: StageOptions,
    filter: Filter<StagePoints[P]>,
  ): Withdraw {
    const { kinds, before = [], after = [] } = options;
    return this.pipelines[point].add({ name, kinds, before, after, filter });
  }

  /** Notes that a module has a stage there, for when it is missing. */
  filters(module: string, point: keyof StagePoints, kinds: readonly StanzaKind[]): void {
    const known = this.filtered.get(module) ?? [];
    const more = kinds.filter((kind) => !known.some((one) => one.point === point && one.kind === kind));
    this.filtered.set(module, [...known, ...more.map((kind) => ({ point, kind }))]);
  }

  /** These modules should run and do not, until it is called again: what their stages looked at is refused. */
  missing(modules: readonly string[]): void {
    const closed = modules.flatMap((module) => this.filtered.get(module) ?? []);
    for (const [point, pipeline] of Object.entries(this.pipelines))
      pipeline.close(new Set(closed.filter((one) => one.point === point).map(({ kind }) => kind)));
  }

  /** All that is registered, in words. */
  get registered(): readonly string[] {
    const { iqHandlers, pipelines, disco, events } = this;
    const said = ({ identities, features, items, forms }: DiscoReading) => [
      ...identities,
      ...features,
      ...items,
      ...forms,
    ];
    return [
      ...iqHandlers.names.map((name) => `iq ${name}`),
      ...Object.entries(pipelines).flatMap(([point, { names }]) => names.map((name) => `stage ${point} ${name}`)),
      ...disco.targets.flatMap((target) =>
        said(disco.of(target)).map((one) => `${target} discloses ${JSON.stringify(one)}`),
      ),
      ...this.offered.map(({ name }) => `stream feature ${name}`),
      ...this.inlineBindFeatures.map(({ xmlns }) => `inline bind feature ${xmlns}`),
      ...[...this.offers.keys()].map(({ name }) => `offer ${name}`),
      ...this.httpRoutes.names.map((route) => `HTTP ${route}`),
      ...[...this.httpDomains].flatMap(([domain, { names }]) => names.map((route) => `HTTP ${domain} ${route}`)),
      ...[...this.documentKinds.keys()].map((kind) => `documents ${kind}`),
      `copy rules ${this.copyRules.length}`,
      `observers ${events.size}`,
    ].sort();
  }

  copies(rule: CopyRule): Withdraw {
    return addTo(this.copyRules, rule);
  }

  /** True where a module gives the session a copy of what another session of its account is given. */
  copiesTo(session: ClientSession, stanza: Stanza): boolean {
    return this.copyRules.some((rule) => rule(session, stanza));
  }

  inlineBindFeature(feature: InlineBindFeature): Withdraw {
    return addTo(this.inlineBindFeatures, feature);
  }

  /**
   * Adds a stream feature. Taken back, it is silent as long as nobody else has its namespace: clients that were offered
   * it may go on to use it, which must not end their streams.
   */
  streamFeature(feature: StreamFeature): Withdraw {
    const { xmlns, phase } = feature;
    if (xmlns !== undefined) this.silent.delete(xmlns);
    this.offered.push(feature);
    this.gatherFeatures();
    return () => {
      this.offered.splice(this.offered.indexOf(feature), 1);
      if (xmlns !== undefined && phase === "after authentication") this.silent.set(xmlns, silentFeature(feature));
      this.gatherFeatures();
    };
  }

  private gatherFeatures(): void {
    this.streamFeatures = [...this.offered, ...this.silent.values()];
  }

  /** A kind of documents is a module's. @throws Error where another has it */
  documentKind(kind: string, module: string): Withdraw {
    const other = this.documentKinds.get(kind);
    if (other !== undefined) throw new Error(`documents of kind ${kind} are those of the module ${other}`);
    return enter(this.documentKinds, kind, module);
  }

  /** @throws Error where a module offers the same already */
  provide<T>(key: ApiKey<T>, value: T, module: string): Withdraw {
    const known = this.offers.get(key as ApiKey<unknown>);
    if (known !== undefined) throw new Error(`${key.name} is offered by the module ${known.module} already`);
    this.offers.set(key as ApiKey<unknown>, { module, value });
    return () => void this.offers.delete(key as ApiKey<unknown>);
  }

  /** What is offered under a key, and by which module. @throws Error where nobody offers it */
  offer<T>(key: ApiKey<T>): { readonly module: string; readonly value: T } {
    const offer = this.offers.get(key as ApiKey<unknown>);
    if (offer === undefined) throw new Error(`nothing offers ${key.name}; name its module in "needs"`);
    return offer as { readonly module: string; readonly value: T };
  }
}

/** Takes the elements of a feature that is no more, and does nothing with them. */
function silentFeature({ name, phase, xmlns }: StreamFeature): StreamFeature {
  return {
    name,
    phase,
    ...(xmlns === undefined ? {} : { xmlns }),
    advertise: () => undefined,
    handle(connection) {
      if (connection.session === undefined) connection.stream.fail("not-authorized");
    },
  };
}
