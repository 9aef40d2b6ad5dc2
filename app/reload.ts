// Takes a changed configuration into a running node, as far as that goes without a restart.
import { isDeepStrictEqual } from "node:util";
import type { HostConfig, NodeConfig } from "../contract/contract.ts";
import { loadConfig } from "../contract/load.ts";
import type { RunningNode } from "./node.ts";

/** What a running node takes on as a whole; of its hosts it takes the modules. */
const LIVE: readonly (keyof NodeConfig)[] = ["$schema", "federation", "hosts"];

/**
 * Reads the file again: certificates, federation's settings and the modules of every host are taken on, and what needs
 * a restart is told in the log. Answers with what runs now.
 * @throws ConfigError, TlsError, or what a module throws that cannot be activated; then everything is as it was
 */
export async function reload(node: RunningNode, file: string, running: NodeConfig): Promise<NodeConfig> {
  const config = loadConfig(file);
  const { log, tls, hosts } = node.server;
  tls.reload();
  node.federation?.reload(config.federation);
  try {
    await hosts.take(config);
  } catch (error) {
    node.federation?.reload(running.federation);
    throw error;
  }
  const others = (Object.keys(config) as (keyof NodeConfig)[]).filter(
    (name) => !LIVE.includes(name) && !isDeepStrictEqual(config[name], running[name]),
  );
  if (!isDeepStrictEqual(config.hosts.map(withoutModules), running.hosts.map(withoutModules))) others.push("hosts");
  if (others.length > 0) log.warn({ settings: others }, "these settings need a restart");
  log.info({ file }, "configuration reloaded");
  const taken = new Map(config.hosts.map(({ domain, modules }) => [domain, modules]));
  const served = running.hosts.map((host) => ({ ...host, modules: taken.get(host.domain) ?? host.modules }));
  return { ...running, federation: config.federation, hosts: served };
}

function withoutModules({ modules: _, ...rest }: HostConfig): Omit<HostConfig, "modules"> {
  return rest;
}
