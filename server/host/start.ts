// The virtual hosts of a node with their modules: brought up, given a changed configuration, and ended.
import { HostModules } from "../module/lifecycle.ts";
import { logFailure } from "../observe/failure.ts";
import type { ServiceName } from "../service/service.ts";
import { type Choice, choicesOf, type HostsConfig } from "./choose-modules.ts";
import { ModuleView } from "./module-view.ts";
import { type HostParts, VirtualHost } from "./virtual-host.ts";

/** What hosts take of their node. */
export interface HostSurroundings extends Omit<HostParts, "domain" | "admins" | "hasTls"> {
  /** Services of the node that modules may count on. */
  readonly configured: ReadonlySet<ServiceName>;
}

/** A host that runs, and its modules. */
interface Running {
  readonly host: VirtualHost;
  readonly modules: HostModules;
  /** What its modules are now. */
  choice: Choice;
}

/** Every virtual host of one node. */
export class RunningHosts {
  private readonly node: HostSurroundings;
  private readonly running = new Map<string, Running>();

  private constructor(node: HostSurroundings) {
    this.node = node;
  }

  /** Starts every host with its modules; the router knows each once it is there. @throws ConfigError */
  static async start(config: HostsConfig, node: HostSurroundings): Promise<RunningHosts> {
    const hosts = new RunningHosts(node);
    const choices = choicesOf(config, node.configured);
    for (const { domain, admins, certificate } of config.hosts) {
      const choice = choices.get(domain) as Choice;
      const host = new VirtualHost({ ...node, domain, admins, hasTls: certificate !== undefined });
      const modules = new HostModules({
        domain,
        clock: host.clock,
        log: host.log,
        view: (module, registrations, settings) => new ModuleView(host, module, registrations, settings),
        hold: (change) => host.hold(change),
        missing: (names) => host.extensions.missing(names),
      });
      tellLeftOut(choice, host);
      await modules.become(choice.modules);
      hosts.running.set(domain, { host, modules, choice });
      node.router.hosts.set(domain, host);
    }
    return hosts;
  }

  /**
   * Takes the modules of a changed configuration, host by host; a host that it does not have, or that does not run, is
   * passed over. @throws ConfigError, or whatever a module throws: then every host has the modules that it had, or
   * refuses what those would have filtered
   */
  async take(config: HostsConfig): Promise<void> {
    const choices = choicesOf(config, this.node.configured);
    const changed: [Running, Choice][] = [];
    try {
      for (const [domain, choice] of choices) {
        const running = this.running.get(domain);
        if (running === undefined) continue;
        await running.modules.become(choice.modules);
        changed.push([running, running.choice]);
        running.choice = choice;
        tellLeftOut(choice, running.host);
      }
    } catch (error) {
      for (const [running, before] of changed.reverse()) await goBack(running, before);
      throw error;
    }
  }

  /** Takes down the modules of every host. */
  async end(): Promise<void> {
    for (const { modules } of this.running.values()) await modules.end();
  }
}

/** One host that cannot go back keeps no other from it. */
async function goBack(running: Running, before: Choice): Promise<void> {
  try {
    await running.modules.become(before.modules);
    running.choice = before;
  } catch (error) {
    logFailure(running.host.log, error, "the host keeps the modules of a configuration that was refused");
  }
}

function tellLeftOut({ leftOut }: Choice, { log }: VirtualHost): void {
  for (const { module, reason, named } of leftOut)
    log[named ? "warn" : "info"]({ module }, `module not started: it ${reason}`);
}
