// Takes a changed configuration into a running node, as far as that goes without a restart.
import { isDeepStrictEqual } from "node:util";
import type { NodeConfig } from "../contract/contract.ts";
import { loadConfig } from "../contract/load.ts";
import type { RunningNode } from "./node.ts";

/** What a running node takes on. */
const LIVE: readonly (keyof NodeConfig)[] = ["federation"];

/**
 * Reads the file again: certificates and federation settings are taken on, and what needs a restart is told in the log.
 * @throws ConfigError, TlsError; then everything stays as it was
 */
export function reload(node: RunningNode, file: string, running: NodeConfig): NodeConfig {
  const config = loadConfig(file);
  const { log, tls } = node.server;
  tls.reload();
  node.federation?.reload(config.federation);
  const others = (Object.keys(config) as (keyof NodeConfig)[]).filter(
    (name) => !LIVE.includes(name) && !isDeepStrictEqual(config[name], running[name]),
  );
  if (others.length > 0) log.warn({ settings: others }, "these settings need a restart");
  log.info({ file }, "configuration reloaded");
  return { ...running, federation: config.federation };
}
