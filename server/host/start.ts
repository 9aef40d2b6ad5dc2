// Brings up a virtual host: its modules in order of need, each with its checked settings.
import type { Logger } from "pino";
import type { z } from "zod";
import type { Accounts } from "../auth/accounts.ts";
import type { Clock } from "../clock.ts";
import type { HostConfig } from "../config/contract.ts";
import { ConfigError } from "../config/load.ts";
import type { ModuleDefinition } from "../module/define.ts";
import { MODULES } from "../modules/index.ts";
import type { Trace } from "../observe/trace.ts";
import type { Router } from "../router/router.ts";
import type { Storage } from "../storage/ports.ts";
import { VirtualHost } from "./virtual-host.ts";

/** A module chosen for a host, with its settings. */
interface Chosen {
  readonly module: ModuleDefinition;
  readonly settings: unknown;
}

/** Checks the module settings of a host. @throws ConfigError with every mistake */
export function chooseModules(config: HostConfig): Chosen[] {
  const problems: string[] = [];
  const path = `hosts[${config.domain}].modules`;
  for (const name of Object.keys(config.modules))
    if (!MODULES.has(name))
      problems.push(`${path}.${name}: no such module; there are ${[...MODULES.keys()].join(", ")}`);
  const chosen = new Map<string, Chosen>();
  for (const module of MODULES.values()) {
    const given = config.modules[module.name];
    if (given === false || (given === undefined && module.byDefault === false)) continue;
    const result = module.config.safeParse(given ?? {});
    if (result.success) chosen.set(module.name, { module, settings: result.data });
    else problems.push(...result.error.issues.map((issue) => issueText(`${path}.${module.name}`, issue)));
  }
  for (const { module } of chosen.values())
    for (const need of module.needs ?? [])
      if (!chosen.has(need)) problems.push(`${path}.${module.name}: needs the module ${need}, which is left out`);
  if (problems.length > 0) throw new ConfigError("configuration", problems);
  return inOrderOfNeed(chosen);
}

function issueText(path: string, issue: z.core.$ZodIssue): string {
  return `${[path, ...issue.path.map(String)].join(".")}: ${issue.message}`;
}

function inOrderOfNeed(chosen: ReadonlyMap<string, Chosen>): Chosen[] {
  const ordered = new Set<Chosen>();
  const visit = (item: Chosen, path: readonly string[]): void => {
    if (path.includes(item.module.name)) throw new Error(`modules need each other: ${path.join(" → ")}`);
    for (const need of item.module.needs ?? []) visit(chosen.get(need) as Chosen, [...path, item.module.name]);
    ordered.add(item);
  };
  for (const item of chosen.values()) visit(item, []);
  return [...ordered];
}

/** Starts a host with its modules. @throws ConfigError */
export async function startHost(
  config: HostConfig,
  parts: { router: Router; storage: Storage; accounts: Accounts; trace: Trace; clock: Clock; log: Logger },
): Promise<VirtualHost> {
  const modules = chooseModules(config);
  const host = new VirtualHost({
    ...parts,
    domain: config.domain,
    admins: config.admins,
    hasTls: config.certificate !== undefined,
  });
  for (const { module, settings } of modules) await module.activate(host, settings);
  return host;
}
