// Which modules a host starts, in order of need: their settings checked, without those whose services are missing.
import type { HostConfig, NodeConfig } from "../../contract/contract.ts";
import { ConfigError, mistakesIn } from "../../contract/load.ts";
import { Jid } from "../../xmpp/jid/jid.ts";
import type { ModuleDefinition } from "../module/define.ts";
import type { Chosen } from "../module/lifecycle.ts";
import { MODULES } from "../modules/index.ts";
import { CONFIGURED_BY, configuredServices } from "../service/configured.ts";
import { MODULE_SERVICES, type ServiceName } from "../service/service.ts";

/** A module that does not start, and why. */
export interface LeftOut {
  readonly module: string;
  readonly reason: string;
  /** True where an operator named it. */
  readonly named: boolean;
}

/** The modules of a host. */
export interface Choice {
  /** In order of need. */
  readonly modules: readonly Chosen[];
  /** Those whose services are not configured, and those that need them. */
  readonly leftOut: readonly LeftOut[];
}

/**
 * Checks the module settings of a host of a node with these services; `under` is where the host stands in the
 * configuration. @throws ConfigError with every mistake, Error for a module that declares what none may
 */
export function chooseModules(
  config: Pick<HostConfig, "modules">,
  services: ReadonlySet<ServiceName>,
  under: string,
  known: ReadonlyMap<string, ModuleDefinition> = MODULES,
): Choice {
  const problems: string[] = [];
  const path = `${under}.modules`;
  const named = new Map<string, unknown>(Object.entries(config.modules));
  const chosen = new Map<string, Chosen>();
  const malformed = new Set<string>();
  for (const module of known.values()) {
    checkServices(module);
    const given = named.get(module.name);
    if (given === false || (given === undefined && module.byDefault === false)) continue;
    const result = module.config.safeParse(given ?? {});
    if (result.success) chosen.set(module.name, { module, settings: result.data });
    else {
      malformed.add(module.name);
      problems.push(...mistakesIn(module.config, given ?? {}, `${path}.${module.name}`));
    }
  }
  for (const { module } of chosen.values())
    for (const need of module.needs ?? [])
      if (!chosen.has(need) && !malformed.has(need))
        problems.push(`${path}.${module.name}: needs the module ${need}, which is left out`);
  if (problems.length > 0) throw new ConfigError("configuration", problems);
  const reasons = withoutService(chosen, services);
  const leftOut = [...reasons].map(([module, reason]) => {
    chosen.delete(module);
    return { module, reason, named: named.has(module) };
  });
  return { modules: inOrderOfNeed(chosen), leftOut };
}

/** A type can be written past, and a definition come from elsewhere. */
function checkServices({ name, services = [], routes = [] }: ModuleDefinition): void {
  const refused = services.find((service) => !MODULE_SERVICES.includes(service));
  if (refused !== undefined) throw new Error(`the module ${name} asks for the service ${refused}, which no module has`);
  if (routes.length > 0 && !services.includes("http"))
    throw new Error(`the module ${name} has "routes", and no http among its "services"`);
}

/** Modules whose service is not configured, and those that need one of them, with the reason. */
function withoutService(
  chosen: ReadonlyMap<string, Chosen>,
  services: ReadonlySet<ServiceName>,
): ReadonlyMap<string, string> {
  const reasons = new Map<string, string>();
  for (const { module } of chosen.values()) {
    const missing = module.services?.find((name) => !services.has(name));
    if (missing !== undefined)
      reasons.set(module.name, `needs the service ${missing}, which is not configured (${CONFIGURED_BY[missing]})`);
  }
  for (let before = -1; before < reasons.size; ) {
    before = reasons.size;
    for (const { module } of chosen.values()) {
      const need = module.needs?.find((name) => reasons.has(name));
      if (need !== undefined && !reasons.has(module.name))
        reasons.set(module.name, `needs the module ${need}, which does not start`);
    }
  }
  return reasons;
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

/** What of a configuration concerns the modules of its hosts. */
export type HostsConfig = Pick<NodeConfig, "hosts" | "components">;

/** The modules of every host, by its domain. @throws ConfigError with the mistakes of all of them */
export function choicesOf(
  config: HostsConfig,
  configured: ReadonlySet<ServiceName>,
  known: ReadonlyMap<string, ModuleDefinition> = MODULES,
): ReadonlyMap<string, Choice> {
  const { hosts } = config;
  const problems: string[] = [];
  const choices = new Map<string, Choice>();
  for (const [i, host] of hosts.entries())
    try {
      choices.set(host.domain, chooseModules(host, configured, `hosts[${i}]`, known));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  problems.push(...domainMistakes(config, choices));
  if (problems.length > 0) throw new ConfigError("configuration", problems);
  return choices;
}

/** A domain is served once: by a host, by a component, or by one module of one host. */
function* domainMistakes({ hosts, components }: HostsConfig, choices: ReadonlyMap<string, Choice>): Generator<string> {
  const served = new Map<string, string>();
  for (const [kind, list] of Object.entries({ hosts, components }))
    for (const [i, { domain }] of list.entries()) served.set(domain, `${kind}[${i}]`);
  for (const [i, { domain: host }] of hosts.entries())
    for (const { module, settings } of choices.get(host)?.modules ?? []) {
      const named = module.domain?.(settings, host);
      if (named === undefined) continue;
      const place = `hosts[${i}].modules.${module.name}`;
      const jid = Jid.tryParse(named);
      const before = served.get(jid?.domain ?? "");
      if (jid === undefined || jid.full !== jid.domain) yield `${place}: "${named}" is no domain`;
      else if (before !== undefined) yield `${place}: its domain ${jid.domain} is served by ${before} already`;
      else served.set(jid.domain, place);
    }
}

/** Modules that will not start, of every host. @throws ConfigError with the mistakes of every host */
export function modulesLeftOut(config: NodeConfig): (LeftOut & { readonly host: string })[] {
  return [...choicesOf(config, configuredServices(config))].flatMap(([host, { leftOut }]) =>
    leftOut.map((one) => ({ host, ...one })),
  );
}
