// Server-to-server federation of one node: what is given to the server, and what an operator may see and do.
import type { AddressInfo, Server } from "node:net";
import type { Logger } from "pino";
import type { FederationConfig, NodeConfig } from "../contract/contract.ts";
import { Dialable } from "../contract/global-address.ts";
import {
  closeServer,
  type InboundStanzas,
  type Listening,
  type NodeMetrics,
  type RemoteLink,
  type RemoteRouter,
  readEachCertificates,
  StrangersLog,
} from "../server/index.ts";
import type { Clock } from "../xmpp/clock.ts";
import type { Stanza } from "../xmpp/stanza/stanza.ts";
import { Pings } from "./carrying/pings.ts";
import { TargetHealth } from "./connecting/target-health.ts";
import { diagnose, type FindingListener } from "./diagnose/diagnose.ts";
import { listenForServers } from "./incoming/listener.ts";
import { ResumableStreams } from "./incoming/management.ts";
import type { IncomingObserver } from "./incoming/observer.ts";
import { IncomingStreams } from "./incoming/streams.ts";
import { Attempts } from "./outgoing/attempts.ts";
import { Links } from "./outgoing/links.ts";
import { OutgoingPool, type OutgoingStatus } from "./outgoing/pool.ts";
import { createResolver } from "./resolver/index.ts";
import {
  type Anchors,
  type CertificateSource,
  createHttpsGet,
  createPosh,
  OwnContexts,
  openAnchors,
  rootsOf,
} from "./tls/index.ts";
import type { FederationContext } from "./way/context.ts";
import { CountsByRemote } from "./way/counts.ts";
import { Policies } from "./way/policy.ts";
import { SenderShares } from "./way/sender-shares.ts";
import { Trace, type TraceListener } from "./way/trace.ts";

export type { Finding, FindingListener } from "./diagnose/diagnose.ts";
export type { OutgoingStatus } from "./outgoing/pool.ts";
export { judgeOwnCertificate, type OwnCertificate, openAnchors, rootsOf } from "./tls/index.ts";
export type { OutgoingState } from "./way/progress.ts";
export type { TraceEvent, TraceListener } from "./way/trace.ts";

/** What federation needs of its surroundings. */
export interface FederationOptions {
  readonly inbound: InboundStanzas;
  /** Secret (or secrets, the present one first) for dialback keys. XEP-0185. */
  readonly secrets: readonly string[];
  /** The certificates of our domains; the server's own contexts. */
  readonly certificates: CertificateSource;
  readonly metrics: NodeMetrics;
  /** Makes ids of IQ requests whose answers find their node wherever they arrive. */
  readonly newId?: () => string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One proven incoming domain as an operator sees it. */
export interface IncomingStatus {
  readonly from: string;
  /** Our domains it may send to on that stream. */
  readonly to: readonly string[];
  readonly peer: string;
  readonly encrypted: boolean;
  /** Our stanzas may go back over it. XEP-0288. */
  readonly bidirectional: boolean;
}

/** Federation of a node. */
export class Federation implements RemoteRouter {
  private readonly node: NodeConfig;
  private readonly context: FederationContext;
  private readonly pool: OutgoingPool;
  private readonly incoming: IncomingStreams;
  private readonly observer: IncomingObserver;
  private readonly regions: Links;
  private readonly servers: Server[] = [];
  private readonly trace = new Trace();
  private config: FederationConfig;
  private policies: Policies;
  private dialable: Dialable;

  /** @throws Error naming a file that cannot be read */
  constructor(node: NodeConfig, options: FederationOptions) {
    this.node = node;
    this.config = node.federation;
    this.policies = new Policies(this.config);
    this.dialable = new Dialable(this.config.privateNetworks);
    this.context = this.contextOf(options);
    this.pool = new OutgoingPool(this.context);
    this.incoming = new IncomingStreams(this.context);
    this.regions = new Links(this.context, this.pool, node.hosts[0]?.domain ?? "");
    this.observer = {
      resumable: new ResumableStreams(this.context),
      authenticated: (remote) => this.pool.reset(remote),
      pair: (from, to) => this.pool.pair(from, to),
      verifications: (domain) => this.pool.verifications(domain),
    };
    this.describeMetrics();
  }

  route(stanza: Stanza): void {
    this.pool.route(stanza);
  }

  /** Takes the answer to a question of this node's that came to another. */
  answered(stanza: Stanza): boolean {
    return this.context.pings.takeElsewhere(stanza);
  }

  /** Opens the S2S listeners. @throws Error of the system, naming address and port */
  async listen(): Promise<Listening[]> {
    const listening: Listening[] = [];
    const { context, incoming, observer } = this;
    for (const config of this.node.listeners) {
      if (config.kind !== "s2s") continue;
      const defaultDomain = this.node.hosts.find(({ certificate }) => certificate !== undefined)?.domain ?? "";
      const options = { ...config, defaultDomain };
      const server = await listenForServers(options, { context, streams: incoming, observer });
      this.servers.push(server);
      const { port } = server.address() as AddressInfo;
      listening.push({ kind: "s2s", tls: config.tls, address: config.address, port, close: () => closeServer(server) });
    }
    this.regions.look();
    return listening;
  }

  /** Outgoing connections, one a domain pair. */
  outgoingStatus(): OutgoingStatus[] {
    return this.pool.status();
  }

  /** Authenticated incoming domains. */
  incomingStatus(): IncomingStatus[] {
    return [...this.incoming.sessions].flatMap(({ domains, stream: { transport }, carrier }) =>
      domains.remotes().map((from) => ({
        from,
        to: [...domains.ways()].filter(({ remote }) => remote === from).map(({ local }) => local),
        peer: transport.remoteAddress,
        encrypted: transport.encrypted,
        bidirectional: carrier !== undefined,
      })),
    );
  }

  links(): RemoteLink[] {
    const incoming = this.incomingStatus().flatMap(({ from, to, bidirectional }) =>
      to.map((local) => ({
        local,
        remote: from,
        direction: bidirectional ? ("bidi" as const) : ("incoming" as const),
      })),
    );
    const outgoing = this.pool.status().flatMap(({ from, to, state, method, bidirectional }) => {
      if (state !== "up" || method === "incoming") return [];
      return [{ local: from, remote: to, direction: bidirectional ? ("bidi" as const) : ("outgoing" as const) }];
    });
    return [...incoming, ...outgoing];
  }

  /** In a cluster: which domain pairs are this node's, so that each link is made once. Asked anew from time to time. */
  linkWhere(here: (local: string, remote: string) => boolean): void {
    this.regions.where(here);
  }

  /** Forgets failures to reach a remote domain and tries again; false where nothing is known of it. */
  reset(domain: string): boolean {
    this.context.resolver.flush();
    this.context.health.clear();
    return this.pool.reset(domain);
  }

  /** Tells what happens with a remote domain (`*`: with all) until the returned function is called. @throws Error */
  watch(domain: string, listener: TraceListener): () => void {
    return this.trace.watch(domain, listener);
  }

  /** Tests the way to a remote domain, telling each step. Resolves with whether stanzas would get through. */
  test(domain: string, from: string, found: FindingListener): Promise<boolean> {
    this.context.resolver.flush();
    this.context.health.clear();
    return diagnose(this.context, from, domain, found);
  }

  /**
   * Takes other policies and settings without a restart; streams that they refuse end. Name servers, authorities and
   * the dialback secret stay as they are.
   */
  reload(config: FederationConfig): void {
    this.config = config;
    this.policies = new Policies(config);
    this.dialable = new Dialable(config.privateNetworks);
    this.context.log.info({ policies: config.policies.length }, "federation settings reloaded");
    this.pool.policyChanged();
    for (const session of [...this.incoming.sessions]) session.policyChanged();
    this.regions.look();
  }

  /** No new streams; what is queued goes out within `ms`; then every stream is closed. */
  async drain(ms: number): Promise<void> {
    this.regions.stop();
    await Promise.all(this.servers.splice(0).map(closeServer));
    this.observer.resumable.release();
    await this.pool.drain(ms);
    for (const session of [...this.incoming.sessions]) session.stream.fail("system-shutdown");
    this.context.resolver.close();
  }

  private contextOf(options: FederationOptions): FederationContext {
    const { config } = this;
    const { clock } = options;
    const self = this;
    const resolver = createResolver({
      clock,
      ...(config.dnsServers.length === 0 ? {} : { servers: config.dnsServers }),
      ...(config.trustDnssec ? { trustAd: true } : {}),
    });
    const own = new OwnContexts(options.certificates);
    const extra = readEachCertificates(config.trustedAuthorities, "federation.trustedAuthorities");
    let anchors: Anchors | undefined;
    return {
      get config() {
        return self.config;
      },
      dialable: { has: (address) => this.dialable.has(address) },
      policy: (domain) => this.policies.of(domain),
      inbound: options.inbound,
      route: (stanza) => self.pool.route(stanza),
      resolver,
      health: new TargetHealth(clock),
      // The public roots are parsed when the first peer is judged: that is the dearest part of a start.
      get anchors() {
        anchors ??= openAnchors({ roots: rootsOf(config.publicAuthorities, []), extra });
        return anchors;
      },
      posh: createPosh({
        get: createHttpsGet({
          resolver,
          dialable: { has: (address) => this.dialable.has(address) },
          clock,
          ca: () => rootsOf(config.publicAuthorities, extra),
        }),
        clock,
      }),
      tlsContext: (domain) => own.of(domain),
      certificateOf: (domain) => own.pemOf(domain),
      secrets: options.secrets,
      pings: new Pings(options.newId),
      attempts: new Attempts(),
      waiting: { used: 0, shares: new SenderShares() },
      linked: new Set(),
      counts: new CountsByRemote(),
      trace: this.trace,
      metrics: options.metrics,
      clock,
      log: options.log,
      strangers: new StrangersLog(options.log, clock),
      dialled: new StrangersLog(options.log, clock),
    };
  }

  private describeMetrics(): void {
    const { metrics, counts } = this.context;
    metrics.gauge("meridian_s2s_out_streams", "Outgoing domain pairs by state.", ["state"], () => {
      const states = new Map<string, number>();
      for (const { state } of this.pool.status()) states.set(state, (states.get(state) ?? 0) + 1);
      return [...states].map(([state, count]) => [{ state }, count] as const);
    });
    metrics.gauge("meridian_s2s_in_streams", "Incoming server streams.", [], () => [
      [{}, this.incoming.sessions.size] as const,
    ]);
    metrics.gauge("meridian_s2s_queued_stanzas", "Stanzas that wait for a remote domain.", [], () => [
      [{}, this.pool.status().reduce((sum, { queued }) => sum + queued, 0)] as const,
    ]);
    // Those an operator named have their labels whatever others do.
    const { links, policies } = this.config;
    for (const domain of [...links, ...policies.flatMap(({ domains }) => domains)])
      if (!domain.startsWith("*")) counts.of(domain);
    counts.describe(metrics);
    this.regions.describe();
  }
}
