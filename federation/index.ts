// Server-to-server federation of one node: what is given to the server, and what an operator may see and do.
import { readFileSync } from "node:fs";
import type { AddressInfo, Server } from "node:net";
import type { SecureContext } from "node:tls";
import type { Logger } from "pino";
import {
  type Clock,
  closeServer,
  type InboundStanzas,
  type Listening,
  type NodeConfig,
  type NodeMetrics,
  type RemoteRouter,
  type Stanza,
} from "../server/index.ts";
import type { FederationContext } from "./context.ts";
import { listenForServers } from "./incoming/listener.ts";
import type { IncomingSession } from "./incoming/session.ts";
import type { OutgoingStatus } from "./outgoing/connection.ts";
import { OutgoingPool } from "./outgoing/pool.ts";
import { createResolver } from "./resolver/index.ts";
import { openAnchors, serverContext } from "./tls/index.ts";

export type { OutgoingStatus } from "./outgoing/connection.ts";
export type { OutgoingState } from "./outgoing/states.ts";

/** What federation needs of its surroundings. */
export interface FederationOptions {
  readonly inbound: InboundStanzas;
  /** Secret (or secrets, the present one first) for dialback keys. XEP-0185. */
  readonly secrets: readonly string[];
  readonly metrics: NodeMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One incoming link as an operator sees it. */
export interface IncomingStatus {
  readonly from: string;
  readonly peer: string;
}

/** Federation of a node. */
export class Federation implements RemoteRouter {
  private readonly node: NodeConfig;
  private readonly context: FederationContext;
  private readonly pool: OutgoingPool;
  private readonly incoming = new Set<IncomingSession>();
  private readonly servers: Server[] = [];

  /** @throws Error naming a file that cannot be read */
  constructor(node: NodeConfig, options: FederationOptions) {
    this.node = node;
    const { federation: config } = node;
    const contexts = new Map<string, SecureContext>();
    for (const { domain, certificate } of node.hosts)
      if (certificate !== undefined)
        contexts.set(
          domain,
          serverContext({
            certificate: readFileSync(certificate.certificate, "utf8"),
            key: readFileSync(certificate.key, "utf8"),
          }),
        );
    this.context = {
      config,
      inbound: options.inbound,
      metrics: options.metrics,
      clock: options.clock,
      log: options.log,
      secrets: options.secrets,
      resolver: createResolver({
        clock: options.clock,
        ...(config.dnsServers.length === 0 ? {} : { servers: config.dnsServers }),
      }),
      anchors: openAnchors({
        ...(config.publicAuthorities ? {} : { roots: [] }),
        extra: config.trustedAuthorities.map((file) => readFileSync(file, "utf8")),
      }),
      tlsContext: (domain) => contexts.get(domain),
    };
    this.pool = new OutgoingPool(this.context);
    this.describeMetrics();
  }

  route(stanza: Stanza): void {
    this.pool.route(stanza);
  }

  /** Opens the S2S listeners. @throws Error of the system, naming address and port */
  async listen(): Promise<Listening[]> {
    const listening: Listening[] = [];
    for (const config of this.node.listeners) {
      if (config.kind !== "s2s") continue;
      const defaultDomain = this.node.hosts.find(({ certificate }) => certificate !== undefined)?.domain ?? "";
      const server = await listenForServers({ ...config, defaultDomain }, this.context, this.observer, (session) =>
        this.incoming.add(session),
      );
      this.servers.push(server);
      const { port } = server.address() as AddressInfo;
      listening.push({ kind: "s2s", tls: config.tls, address: config.address, port, close: () => closeServer(server) });
    }
    return listening;
  }

  /** Outgoing connections, one a domain pair. */
  outgoingStatus(): OutgoingStatus[] {
    return this.pool.status();
  }

  /** Authenticated incoming domains. */
  incomingStatus(): IncomingStatus[] {
    return [...this.incoming].flatMap((session) =>
      session.domains.remotes().map((from) => ({ from, peer: session.stream.transport.remoteAddress })),
    );
  }

  /** No new streams; what is queued goes out within `ms`; then every stream is closed. */
  async drain(ms: number): Promise<void> {
    await Promise.all(this.servers.splice(0).map(closeServer));
    await this.pool.drain(ms);
    for (const session of this.incoming) session.stream.fail("system-shutdown");
    this.context.resolver.close();
  }

  private describeMetrics(): void {
    const { metrics } = this.context;
    metrics.gauge("meridian_s2s_out_streams", "Outgoing server streams by state.", ["state"], () => {
      const counts = new Map<string, number>();
      for (const { state } of this.pool.status()) counts.set(state, (counts.get(state) ?? 0) + 1);
      return [...counts].map(([state, count]) => [{ state }, count] as const);
    });
    metrics.gauge("meridian_s2s_in_streams", "Incoming server streams.", [], () => [[{}, this.incoming.size] as const]);
    metrics.gauge("meridian_s2s_queued_stanzas", "Stanzas that wait for a remote domain.", [], () => [
      [{}, this.pool.status().reduce((sum, { queued }) => sum + queued, 0)] as const,
    ]);
  }

  private readonly observer = {
    authenticated: (remote: string) => this.pool.reset(remote),
    ended: (session: IncomingSession) => {
      this.incoming.delete(session);
    },
  };
}
