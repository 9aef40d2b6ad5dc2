// A node's part in its cluster, loaded only where there is one: Redis's client costs time at start.
import type { Logger } from "pino";
import type { ClusterConfig, NodeConfig } from "../../contract/contract.ts";
import type { SessionHost } from "../ports/host.ts";
import type { Stores } from "../ports/store.ts";
import type { Cluster } from "./cluster.ts";
import type { RedisConnection } from "./redis/connection.ts";

/**
 * Prepares a node's part in its cluster; undefined on a node alone. `redis` is called where there is a cluster alone.
 * @throws RedisUnavailable, ConfigError
 */
export async function openCluster(
  config: NodeConfig,
  parts: { readonly hosts: ReadonlyMap<string, SessionHost>; readonly storage: Stores; readonly log: Logger },
  redis: () => RedisConnection,
): Promise<Cluster | undefined> {
  if (config.cluster === undefined) return undefined;
  const { Cluster } = await import("./cluster.ts");
  return Cluster.open(config.cluster, { ...parts, node: config.node }, redis());
}

/** Names of the nodes of a cluster that live, for whoever is none of them. @throws RedisUnavailable, ConfigError */
export async function nodesThatLive({ redis, prefix }: ClusterConfig, log: Logger): Promise<string[]> {
  const { connectRedis } = await import("./redis/connection.ts");
  const { livingMembers } = await import("./membership/leases.ts");
  const connection = await connectRedis(redis, log);
  try {
    return await livingMembers(connection, prefix);
  } finally {
    connection.disconnect();
  }
}
