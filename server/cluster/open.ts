// A node's part in its cluster, loaded only where there is one: Redis's client costs time at start.
import type { Logger } from "pino";
import type { ClusterConfig, NodeConfig } from "../../contract/contract.ts";
import type { VirtualHost } from "../host/virtual-host.ts";
import type { Storage } from "../ports/store.ts";
import { REDIS } from "../service/keys.ts";
import type { Services } from "../service/services.ts";
import type { Cluster } from "./cluster.ts";

/** Prepares a node's part in its cluster; undefined on a node alone. @throws RedisUnavailable, ConfigError */
export async function openCluster(
  config: NodeConfig,
  parts: { readonly hosts: ReadonlyMap<string, VirtualHost>; readonly storage: Storage; readonly log: Logger },
  services: Services,
): Promise<Cluster | undefined> {
  if (config.cluster === undefined) return undefined;
  const { Cluster } = await import("./cluster.ts");
  return Cluster.open(config.cluster, { ...parts, node: config.node }, services.use(REDIS));
}

/** Names of the nodes of a cluster that live, for whoever is none of them. @throws RedisUnavailable, ConfigError */
export async function nodesThatLive({ redis, prefix }: ClusterConfig, log: Logger): Promise<string[]> {
  const { connectRedis } = await import("./redis/connection.ts");
  const { livingMembers } = await import("./membership/membership.ts");
  const connection = await connectRedis(redis, log);
  try {
    return await livingMembers(connection, prefix);
  } finally {
    connection.disconnect();
  }
}
