// A container's first process: gives the node its name, writes its configuration, and becomes the server.
import { readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { files } from "../ports.ts";

/** The node's name: the task's own id on ECS, the host's name elsewhere; at most 63 characters. */
export async function nodeName(environment: NodeJS.ProcessEnv = process.env): Promise<string> {
  const metadata = environment.ECS_CONTAINER_METADATA_URI_V4;
  if (metadata === undefined) return hostname().slice(0, 63);
  const response = await fetch(`${metadata}/task`, { signal: AbortSignal.timeout(5000) });
  const { TaskARN } = (await response.json()) as { TaskARN?: string };
  return (TaskARN?.split("/").at(-1) ?? hostname()).slice(0, 63);
}

/** The node's whole configuration: what its region shares, under the node's own name. */
export function namedConfig(shared: string, node: string): string {
  return JSON.stringify({ ...(JSON.parse(shared) as object), node });
}

async function main(): Promise<void> {
  const { MERIDIAN_CONFIG: inPlace, MERIDIAN_CONFIG_FILE: file } = process.env;
  const shared = inPlace ?? (file && readFileSync(file, "utf8"));
  if (!shared) throw new Error("MERIDIAN_CONFIG (JSON) or MERIDIAN_CONFIG_FILE is needed: the node's configuration");
  writeFileSync(files.config, namedConfig(shared, await nodeName()), { mode: 0o600 });
  // The same process goes on as the server, so that SIGTERM reaches it.
  const args = [process.execPath, "app/main.ts", "serve", "--config", files.config];
  const environment = Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  process.execve?.(process.execPath, args, environment);
}

if (import.meta.main) await main();
