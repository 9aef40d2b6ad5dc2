// What a node has at the moment, measured whenever its metrics are read.

import type { NodeConfig } from "../contract/contract.ts";
import type { C2sContext } from "./c2s/context.ts";
import type { Cluster } from "./cluster/cluster.ts";
import type { VirtualHost } from "./host/virtual-host.ts";
import { OFFLINE } from "./modules/offline/store.ts";
import type { NodeMetrics } from "./observe/metrics.ts";
import type { Stores } from "./ports/store.ts";
import { describeQueues } from "./queue-gauges.ts";

/** What is measured. */
export interface Measured {
  readonly config: NodeConfig;
  readonly hosts: ReadonlyMap<string, VirtualHost>;
  readonly storage: Stores;
  readonly context: C2sContext;
  readonly cluster: Cluster | undefined;
}

/** Adds the gauges of a node. */
export function describeNode(metrics: NodeMetrics, { config, hosts, storage, context, cluster }: Measured): void {
  metrics.gauge("meridian_sessions", "Bound sessions.", ["host"], () =>
    [...hosts.values()].map(({ domain, sessions }) => [{ host: domain }, sessions.size] as const),
  );
  metrics.gauge("meridian_client_streams", "Client streams.", ["transport", "state"], () => streams(context));
  const { connections, clock, tls } = context;
  describeQueues(metrics, { connections, hosts, offline: storage.of(OFFLINE), clock });
  if (cluster !== undefined) describeCluster(metrics, cluster);
  metrics.gauge("meridian_certificate_days", "Days until a host's certificate expires.", ["host"], () =>
    config.hosts.flatMap(({ domain, certificate }) =>
      certificate === undefined ? [] : [[{ host: domain }, tls.certificateDays(domain) ?? 0] as const],
    ),
  );
}

function streams(context: C2sContext) {
  const counts = new Map<string, number>();
  for (const { state, stream } of context.connections) {
    const key = `${stream.transport.kind}${stream.transport.encrypted ? "+tls" : ""} ${state}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([key, count]) => {
    const [transport, state] = key.split(" ");
    return [{ transport, state }, count] as const;
  });
}

function describeCluster(metrics: NodeMetrics, { bus }: Cluster): void {
  metrics.gauge("meridian_cluster_members", "Nodes of the region that live, this one among them.", [], () => [
    [{}, bus.others.length + 1] as const,
  ]);
  metrics.gauge("meridian_bus_unconfirmed", "Frames to other nodes that are not safe there yet.", [], () => [
    [{}, bus.unconfirmed] as const,
  ]);
}
