// One node's XMPP server: storage, virtual hosts and client listeners. Knows nothing of federation but its two ports.
import type { AddressInfo, Server as NetServer } from "node:net";
import type { Logger } from "pino";
import type { ListenerConfig, NodeConfig } from "../contract/contract.ts";
import { readSecret } from "../contract/secret.ts";
import { type Clock, systemClock } from "../xmpp/clock.ts";
import type { Accounts } from "./accounts/accounts.ts";
import { bringUp, type NodeParts } from "./bring-up.ts";
import type { C2sContext } from "./c2s/context.ts";
import type { Cluster } from "./cluster/cluster.ts";
import { alone } from "./cluster/membership/alone.ts";
import { adoptHeld } from "./cluster/sessions/held.ts";
import type { ComponentConnection } from "./component/connection.ts";
import { listenForComponents } from "./component/listener.ts";
import type { Router } from "./delivery/route.ts";
import { drainClients } from "./drain.ts";
import { listenForClients } from "./edge/tcp.ts";
import { HELD } from "./held/store.ts";
import type { RunningHosts } from "./host/start.ts";
import type { VirtualHost } from "./host/virtual-host.ts";
import { describeNode } from "./node-gauges.ts";
import { NodeMetrics } from "./observe/metrics.ts";
import type { ClusterPorts } from "./ports/cluster.ts";
import type { RemoteRouter } from "./ports/delivery.ts";
import type { Stores } from "./ports/store.ts";
import { DATABASE, METRICS } from "./service/keys.ts";
import { nodeServices, THE_DATABASE, THE_REGISTRY } from "./service/node-services.ts";
import { Waits } from "./service/patience.ts";
import type { Services } from "./service/services.ts";
import { reasonOf, type Stage } from "./service/stage.ts";
import { neededBy, openStorage } from "./stores.ts";
import type { TlsContexts } from "./tls/contexts.ts";

/** What a server may be given from outside. */
export interface ServerOptions {
  readonly log: Logger;
  readonly clock?: Clock;
  /** True for a node that waits at its start for what is away, Redis or its database; false: it fails. */
  readonly patient?: boolean;
}

/** A listening socket as it came to be. */
export interface Listening {
  readonly kind: ListenerConfig["kind"];
  /** `starttls`, `direct` or `none`. */
  readonly tls: string;
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

/** The server of one node. */
export class MeridianServer {
  readonly config: NodeConfig;
  readonly router: Router<VirtualHost>;
  /** Its virtual hosts with their modules. */
  readonly hosts: RunningHosts;
  readonly storage: Stores;
  readonly accounts: Accounts;
  readonly tls: TlsContexts;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: NodeMetrics;
  /** Redis, database and what else belongs to the node and to no host. */
  readonly services: Services;
  private readonly stage: Stage;
  private readonly context: C2sContext;
  private readonly listening: Listening[] = [];
  private readonly components = new Set<ComponentConnection>();
  private readonly cluster: Cluster | undefined;

  private constructor({ config, router, hosts, services, stage, accounts, context, cluster }: NodeParts) {
    this.config = config;
    this.router = router;
    this.hosts = hosts;
    this.services = services;
    this.stage = stage;
    this.storage = services.use(DATABASE);
    this.accounts = accounts;
    this.context = context;
    this.cluster = cluster;
    this.tls = context.tls;
    this.clock = context.clock;
    this.log = context.log;
    this.metrics = context.metrics;
    describeNode(this.metrics, { config, hosts: router.hosts, storage: this.storage, context, cluster });
  }

  /**
   * Starts the services and brings up every virtual host; nothing listens yet but for those who watch the node.
   * @throws ConfigError, StorageOpenError, RedisUnavailable, Error of the system
   */
  static async create(config: NodeConfig, options: ServerOptions): Promise<MeridianServer> {
    const { log, clock = systemClock, patient = false } = options;
    const waits = new Waits(patient, log);
    const stage: Stage = { now: "starting", waits, unheard: () => undefined };
    const metrics = new NodeMetrics();
    const notReady = () => reasonOf(stage, services);
    const needed = neededBy(config);
    const opening: typeof openStorage = (storage, how) => openStorage(storage, { ...how, needed });
    const services = nodeServices(config, { openStorage: opening, metrics, notReady, waits, clock, log });
    await services.start();
    try {
      return new MeridianServer(await bringUp(config, { services, stage, metrics, clock, log }));
    } catch (error) {
      await services.stop();
      throw error;
    }
  }

  /** Connects the port to other domains. */
  connect(remote: RemoteRouter): void {
    this.router.connect(remote);
  }

  /** Opens the client listeners. @throws Error of the system, naming address and port */
  async listen(): Promise<readonly Listening[]> {
    await this.join();
    for (const config of this.config.listeners) {
      if (config.kind === "c2s") this.listening.push(await this.listenTcp(config));
      if (config.kind === "component") this.listening.push(await this.listenForComponents(config));
      if (config.kind === "http") {
        // Fastify is only loaded where it is used: it costs a tenth of a second at start.
        const { listenForHttp } = await import("./edge/http.ts");
        const { port, close } = await listenForHttp(config, this.context);
        this.listening.push({
          kind: "http",
          tls: config.tls ? "direct" : "none",
          address: config.address,
          port,
          close,
        });
      }
    }
    this.stage.now = "running";
    return [...this.listening, ...(this.services.has(METRICS) ? this.services.use(METRICS) : [])];
  }

  /** This node among the others of its region, as its hosts see it. */
  get ports(): ClusterPorts {
    return this.cluster ?? alone(this.config.node);
  }

  /** Joins the cluster, and takes over what died with its nodes: alone, with this node's last start. */
  private async join(): Promise<void> {
    const { cluster, context } = this;
    const { waits } = this.stage;
    if (cluster !== undefined) return waits.until(THE_REGISTRY, () => cluster.join(context));
    const held = this.storage.of(HELD);
    await waits.until(THE_DATABASE, async () => {
      for (const member of await held.members())
        await adoptHeld({ held, member, hosts: this.router.hosts, log: this.log });
    });
  }

  /** Number of bound sessions. */
  get sessionCount(): number {
    let count = 0;
    for (const host of this.router.hosts.values()) count += host.sessions.size;
    return count;
  }

  /** Stops accepting and ends every client stream; those who watch the node are still served. */
  async drain(): Promise<void> {
    this.stage.now = "draining";
    // The HTTP listener is closed only once its WebSockets are, so nothing waits for it before they are told.
    const closed = this.closeListeners();
    for (const component of [...this.components]) component.stream.fail("system-shutdown");
    await drainClients({ context: this.context, cluster: this.ports, seconds: this.config.drainSeconds });
    await closed;
  }

  /** Closes what `drain` left, the services last. */
  async close(): Promise<void> {
    this.stage.now = "draining";
    const closed = this.closeListeners();
    for (const connection of [...this.context.connections]) connection.stream.destroy();
    for (const component of [...this.components]) component.stream.destroy();
    await closed;
    await this.cluster?.leave();
    await this.hosts.end();
    this.tls.close();
    await this.services.stop();
    this.metrics.close();
  }

  private async closeListeners(): Promise<void> {
    await Promise.all(this.listening.splice(0).map((listening) => listening.close()));
  }

  private async listenForComponents({ address, port: wanted }: { address: string; port: number }): Promise<Listening> {
    const secrets = new Map(
      this.config.components.map(({ domain, secret }) => [domain, readSecret(secret, `components[${domain}].secret`)]),
    );
    const server = await listenForComponents(address, wanted, {
      router: this.router,
      secrets,
      clock: this.clock,
      log: this.log,
      strangers: this.context.strangers,
      faulty: () => this.metrics.faultyOfComponents++,
      connections: this.components,
    });
    const { port } = server.address() as AddressInfo;
    return { kind: "component", tls: "none", address, port, close: () => closeServer(server) };
  }

  private async listenTcp(config: Extract<ListenerConfig, { kind: "c2s" }>): Promise<Listening> {
    const server = await listenForClients(config, this.context);
    const { port } = server.address() as AddressInfo;
    return { kind: "c2s", tls: config.tls, address: config.address, port, close: () => closeServer(server) };
  }
}

/** Stops accepting; connections that are open stay. */
export function closeServer(server: NetServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    // `close` waits for connections; ours end by themselves, so do not.
    resolve();
  });
}
