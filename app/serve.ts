// Runs one node until it is told to drain, and tells a supervising process how it is.
import { type Listening, loadConfig, type NodeConfig } from "../server/index.ts";
import { drainOnSignal } from "./drain.ts";
import { startNode } from "./node.ts";
import { statusOf } from "./status.ts";

/** ms between two looks at what a supervisor is told. */
const STATUS_INTERVAL = 500;

/** Starts a node from a configuration file and keeps it up. @throws ConfigError, StoreUnavailable, Error of the system */
export async function serve(file: string): Promise<void> {
  const config = loadConfig(file);
  const node = await startNode(config).catch((error: unknown) => {
    throw explain(error, config);
  });
  node.server.log.info({ listeners: node.listeners.map(describeListener) }, "ready");
  const stopTelling = tellSupervisor(() => statusOf(node));
  drainOnSignal(node, stopTelling);
  process.send?.({ type: "ready", listeners: node.listeners.map(describeListener) });
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

/** A port that is taken is said with the setting that names it. */
function explain(error: unknown, config: NodeConfig): unknown {
  if (!(error instanceof Error) || !("code" in error) || !("port" in error)) return error;
  const { code, port, address } = error as Error & { code: string; port: number; address?: string };
  const index = config.listeners.findIndex((listener) => listener.port === port);
  const what = code === "EADDRINUSE" ? "is in use by another process" : `cannot be opened (${code})`;
  error.message = `listeners[${index}].port: ${address ?? ""} port ${port} ${what}`;
  return error;
}
