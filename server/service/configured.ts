// Which services a configuration has, before anything is started: what modules may count on.
import type { NodeConfig } from "../../contract/contract.ts";
import type { ServiceName } from "./service.ts";

/** What the settings of a node say of its services. */
type Looked = Pick<NodeConfig, "cluster"> & { readonly listeners: readonly { readonly kind: string }[] };

/** How each service that is not always there comes to be, for an operator. */
export const CONFIGURED_BY: Readonly<Record<ServiceName, string>> = {
  database: "storage",
  redis: "cluster.redis",
  cluster: "cluster",
  limits: "always there",
  outgoing: "always there",
  metrics: "a listener of kind metrics",
  http: "a listener of kind http",
};

/** Names of the configured services. */
export function configuredServices({ cluster, listeners }: Looked): ReadonlySet<ServiceName> {
  const names = new Set<ServiceName>(["database", "limits", "outgoing"]);
  if (cluster !== undefined) names.add("redis").add("cluster");
  for (const name of ["metrics", "http"] as const) if (listeners.some(({ kind }) => kind === name)) names.add(name);
  return names;
}
