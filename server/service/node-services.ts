// The services of a node by its configuration: what watches it first, then Redis and the database.
import type { Logger } from "pino";
import type { NodeConfig } from "../../contract/contract.ts";
import type { StorageConfig } from "../../contract/storage.ts";
import type { Clock } from "../../xmpp/clock.ts";
import { redisHealth } from "../cluster/redis/health.ts";
import { loneCounts } from "../cluster/shared/limits.ts";
import type { NodeMetrics } from "../observe/metrics.ts";
import { outgoingHttp } from "../outgoing/http.ts";
import type { Stores } from "../ports/store.ts";
import { storageHealth } from "../storage/health.ts";
import type { OpenOptions } from "../storage/open.ts";
import { DATABASE, LIMITS, METRICS, type MetricsListening, OUTGOING, REDIS } from "./keys.ts";
import type { Waits } from "./patience.ts";
import { Services } from "./services.ts";

/** What the services need of the node. */
export interface ServiceSurroundings {
  readonly metrics: NodeMetrics;
  /** Opens every store of the node. @throws ConfigError, StorageOpenError */
  openStorage(config: StorageConfig, options: OpenOptions): Promise<Stores>;
  /** What may be waited for while the node starts. */
  readonly waits: Waits;
  /** As `/readyz` tells it. */
  readonly notReady: () => Promise<string | undefined>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a node waits for, in the words of the log and of `/readyz`. */
export const THE_REGISTRY = "the registry (Redis)";
export const THE_DATABASE = "the database";

/** Adds the services that the configuration has; none of them is started. */
export function nodeServices(config: NodeConfig, surroundings: ServiceSurroundings): Services {
  const { metrics, clock, log, waits, openStorage } = surroundings;
  const services = new Services(log);
  if (config.listeners.some(({ kind }) => kind === "metrics"))
    services.add(METRICS, { start: () => listenAll(config, surroundings), stop: closeAll });
  const { cluster } = config;
  if (cluster !== undefined)
    services.add(REDIS, {
      // Its client is only loaded where it is used, as the drivers of databases are.
      async start() {
        const { connectRedis } = await import("../cluster/redis/connection.ts");
        return waits.until(THE_REGISTRY, () => connectRedis(cluster.redis, log));
      },
      stop: (redis) => redis.disconnect(),
      health: (redis) => redisHealth(redis, `${cluster.prefix}:ready:${config.node}`, clock),
    });
  services.add(LIMITS, {
    needs: cluster === undefined ? [] : [REDIS],
    async start() {
      if (cluster === undefined) return loneCounts;
      const { RedisCounts } = await import("../cluster/shared/limits-redis.ts");
      const { prefix } = cluster;
      return new RedisCounts(services.use(REDIS), { prefix, node: config.node, clock, log });
    },
  });
  services.add(OUTGOING, { start: () => (bounds) => outgoingHttp(bounds, { clock }) });
  services.add(DATABASE, {
    start: () =>
      waits.until(THE_DATABASE, () =>
        openStorage(config.storage, {
          log,
          clock,
          observe: (operation, ms, failed) => metrics.stored(operation, ms, failed),
        }),
      ),
    stop: (storage) => storage.close(),
    health: (storage) => storageHealth(storage, config.node),
  });
  return services;
}

async function listenAll(config: NodeConfig, node: ServiceSurroundings): Promise<MetricsListening[]> {
  // Fastify is only loaded where it is used: it costs a tenth of a second at start.
  const { listenForObservers } = await import("../observe/listener.ts");
  const listening: MetricsListening[] = [];
  try {
    for (const { kind, address, port: wanted } of config.listeners) {
      if (kind !== "metrics") continue;
      const { port, close } = await listenForObservers(address, wanted, node);
      listening.push({ kind, tls: "none", address, port, close });
    }
  } catch (error) {
    await closeAll(listening);
    throw error;
  }
  return listening;
}

async function closeAll(listening: readonly MetricsListening[]): Promise<void> {
  await Promise.all(listening.map((listener) => listener.close()));
}
