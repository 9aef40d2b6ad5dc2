// Brings up a virtual host: its modules in order of need, each with its checked settings.
import type { HostConfig } from "../../contract/contract.ts";
import type { ServiceName } from "../service/service.ts";
import { chooseModules } from "./choose-modules.ts";
import { type HostParts, VirtualHost } from "./virtual-host.ts";

/** What a host takes of its node. */
export interface HostSurroundings extends Omit<HostParts, "domain" | "admins" | "hasTls"> {
  /** Services of the node that modules may count on. */
  readonly configured: ReadonlySet<ServiceName>;
}

/** Starts a host with its modules; `under` is where it stands in the configuration. @throws ConfigError */
export async function startHost(config: HostConfig, under: string, node: HostSurroundings): Promise<VirtualHost> {
  const { modules, leftOut } = chooseModules(config, node.configured, under);
  for (const { module, reason, named } of leftOut)
    node.log[named ? "warn" : "info"]({ host: config.domain, module }, `module not started: it ${reason}`);
  const host = new VirtualHost({
    ...node,
    domain: config.domain,
    admins: config.admins,
    hasTls: config.certificate !== undefined,
  });
  for (const { module, settings } of modules) await module.activate(host, settings);
  return host;
}
