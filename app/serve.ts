// Runs one node until it is told to drain, and tells a supervising process how it is.

import type { NodeConfig } from "../contract/contract.ts";
import { ConfigError, loadConfig } from "../contract/load.ts";
import { factsOf, hostsNobodyLogsInTo, type Listening } from "../server/index.ts";
import { accountActions } from "./admin/accounts.ts";
import { deadLetterActions } from "./admin/dead-letters.ts";
import { listenForAdmin } from "./admin/listener.ts";
import { adminSocketPath, tooLong } from "./admin/socket-path.ts";
import { drainOnSignal, endWhileStarting } from "./drain.ts";
import { type RunningNode, startNode } from "./node.ts";
import { reload } from "./reload.ts";
import { statusOf } from "./status.ts";

/** ms between two looks at what a supervisor is told. */
const STATUS_INTERVAL = 500;

/** Starts a node from a configuration file and keeps it up. @throws ConfigError, StoreUnavailable, Error of the system */
export async function serve(file: string): Promise<void> {
  const config = loadConfig(file);
  const mistakes = hostsNobodyLogsInTo(config);
  const long = config.adminSocket === undefined ? undefined : tooLong(adminSocketPath(config));
  if (long !== undefined) mistakes.push(`adminSocket: ${long}`);
  if (mistakes.length > 0) throw new ConfigError(file, mistakes);
  const started = endWhileStarting();
  const node = await startNode(config, { patient: true }).catch((error: unknown) => {
    throw explain(error, config);
  });
  started();
  // One stanza's unforeseen failure must not end everybody's sessions; anything worse leaves no state to trust.
  process.on("unhandledRejection", (error) => node.server.log.error({ err: error }, "unhandled rejection"));
  process.on("uncaughtException", (error) => {
    node.server.log.fatal({ err: error }, "uncaught exception");
    process.exit(1);
  });
  const stopTelling = tellSupervisor(() => statusOf(node));
  const reloadFile = reloadOnSignal(node, file, config);
  const admin = await openAdmin(node, config, reloadFile).catch(async (error: unknown) => {
    stopTelling();
    await node.stop();
    throw error;
  });
  drainOnSignal(node, () => {
    stopTelling();
    void admin?.close();
  });
  node.server.log.info({ listeners: node.listeners.map(describeListener) }, "ready");
  process.send?.({ type: "ready", listeners: node.listeners.map(describeListener) });
}

/** SIGHUP reads the configuration again; returns what does so, one after the other. @throws ConfigError, TlsError */
function reloadOnSignal(node: RunningNode, file: string, config: NodeConfig): () => Promise<void> {
  let running = Promise.resolve(config);
  const reloadFile = async () => {
    const before = running;
    const now = before.then((old) => reload(node, file, old));
    // What failed left everything as it was.
    running = now.catch(() => before);
    await now;
  };
  process.on("SIGHUP", () => {
    reloadFile().catch((error: unknown) => {
      node.server.log.error(factsOf(error), "configuration not reloaded: the old one stays");
    });
  });
  return reloadFile;
}

/** The admin socket; a node that cannot have the default one runs without. @throws Error where one was configured */
async function openAdmin(node: RunningNode, config: NodeConfig, reloadFile: () => Promise<void>) {
  const path = adminSocketPath(config);
  const domains = config.hosts.map(({ domain }) => domain);
  try {
    const accounts = accountActions(node.server);
    const deadLetters = deadLetterActions(node.server);
    const { federation } = node;
    return await listenForAdmin(path, { federation, accounts, deadLetters, domains, reload: reloadFile });
  } catch (error) {
    if (config.adminSocket !== undefined) {
      if (error instanceof Error) error.message = `adminSocket: ${error.message}`;
      throw error;
    }
    node.server.log.warn({ path, reason: (error as Error).message }, "no admin socket");
    return undefined;
  }
}

function describeListener({ kind, tls, address, port }: Listening) {
  return { kind, tls, address, port };
}

/** Sends the status whenever it changed. Returns what ends that. */
function tellSupervisor(status: () => object): () => void {
  if (process.send === undefined) return () => {};
  let told = "";
  const timer = setInterval(() => {
    const text = JSON.stringify(status());
    if (text === told || !process.connected) return;
    told = text;
    process.send?.({ type: "status", ...status() });
  }, STATUS_INTERVAL);
  return () => clearInterval(timer);
}

/** A port that is taken, and a name that leads nowhere, are said with the setting that names them. */
function explain(error: unknown, config: NodeConfig): unknown {
  if (!(error instanceof Error) || !("code" in error)) return error;
  if ("hostname" in error && "syscall" in error && error.syscall === "getaddrinfo") {
    const index = config.listeners.findIndex((listener) => listener.address === error.hostname);
    if (index >= 0)
      error.message = `listeners[${index}].address: ${error.hostname} leads to no address (${error.code})`;
    return error;
  }
  if (!("port" in error)) return error;
  const { code, port, address } = error as Error & { code: string; port: number; address?: string };
  const here = config.listeners.findIndex((listener) => listener.port === port && listener.address === address);
  const index = here >= 0 ? here : config.listeners.findIndex((listener) => listener.port === port);
  const what = code === "EADDRINUSE" ? "is in use by another process" : `cannot be opened (${code})`;
  error.message = `listeners[${index}].port: ${address ?? ""} port ${port} ${what}`;
  return error;
}
