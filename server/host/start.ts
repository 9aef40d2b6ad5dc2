// Brings up a virtual host: its modules in order of need, each with its checked settings.
import type { Logger } from "pino";
import type { Accounts } from "../auth/accounts.ts";
import type { Clock } from "../clock.ts";
import type { HostConfig } from "../config/contract.ts";
import type { Trace } from "../observe/trace.ts";
import type { Router } from "../router/router.ts";
import type { ServiceName } from "../service/service.ts";
import type { Services } from "../service/services.ts";
import type { Storage } from "../storage/ports.ts";
import { chooseModules } from "./choose-modules.ts";
import { VirtualHost } from "./virtual-host.ts";

/** What a host takes of its node. */
export interface HostSurroundings {
  readonly router: Router;
  readonly services: Services;
  /** Services of the node that modules may count on. */
  readonly configured: ReadonlySet<ServiceName>;
  readonly storage: Storage;
  readonly accounts: Accounts;
  readonly trace: Trace;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Starts a host with its modules. @throws ConfigError */
export async function startHost(config: HostConfig, node: HostSurroundings): Promise<VirtualHost> {
  const { modules, leftOut } = chooseModules(config, node.configured);
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
