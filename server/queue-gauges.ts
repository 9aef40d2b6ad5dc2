// Depths of the queues that wait for clients, for Prometheus: what the kernel has not taken, what is unacknowledged, what is kept.

import type { Clock } from "../xmpp/clock.ts";
import type { OpenConnection } from "./c2s/context.ts";
import { C2sSession } from "./c2s/session.ts";
import type { VirtualHost } from "./host/virtual-host.ts";
import type { OfflineStore } from "./modules/offline/port.ts";
import type { NodeMetrics } from "./observe/metrics.ts";

/** ms between two looks at the offline store, however often it is asked: the answer costs it a walk over its queues. */
const OFFLINE_INTERVAL = 60_000;

/** What is looked at. */
export interface Queues {
  readonly connections: Iterable<OpenConnection>;
  readonly hosts: ReadonlyMap<string, VirtualHost>;
  readonly offline: OfflineStore;
  readonly clock: Clock;
}

/** Adds the gauges. */
export function describeQueues(metrics: NodeMetrics, { connections, hosts, offline, clock }: Queues): void {
  metrics.gauge("meridian_backlog_bytes", "Written to clients and not yet taken by the kernel.", ["which"], () => {
    let sum = 0;
    let most = 0;
    for (const { stream } of connections) {
      const { backlog } = stream.transport;
      sum += backlog;
      most = Math.max(most, backlog);
    }
    return [
      [{ which: "all" }, sum],
      [{ which: "longest" }, most],
    ];
  });
  metrics.gauge("meridian_unacked_stanzas", "Sent to clients and not yet acknowledged (XEP-0198).", [], () => [
    [{}, unackedStanzas(hosts.values())],
  ]);
  metrics.gauge(
    "meridian_offline_messages",
    "Messages kept for accounts, by the storage.",
    [],
    offlineDepth(offline, clock),
  );
}

/** What the sessions of this node hold until their clients have acknowledged it. */
function unackedStanzas(hosts: Iterable<VirtualHost>): number {
  let sum = 0;
  for (const host of hosts)
    for (const session of host.sessions.all()) if (session instanceof C2sSession) sum += session.sm?.waiting ?? 0;
  return sum;
}

/** The depth as it was lately; none before the first answer, and the last one while the store does not answer. */
function offlineDepth(offline: OfflineStore, clock: Clock): () => Iterable<readonly [object, number]> {
  let known: number | undefined;
  let asked = Number.NEGATIVE_INFINITY;
  return () => {
    const now = clock.now();
    if (now - asked >= OFFLINE_INTERVAL) {
      asked = now;
      offline.total().then(
        (total) => {
          known = total;
        },
        () => {},
      );
    }
    return known === undefined ? [] : [[{}, known]];
  };
}
