// Where a node's admin socket is: found alike by the node and by the commands that talk to it.
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { NodeConfig } from "../../server/index.ts";

/** Bytes that a socket's path may have on every system. */
const MOST = 100;

/** The path; beside the database where that is a file, else in a folder that is the user's alone. */
export function adminSocketPath(config: NodeConfig): string {
  if (config.adminSocket !== undefined) return resolve(config.adminSocket);
  const { storage, node, region } = config;
  if (storage.kind !== "sqlite") return join(ownFolder(), `${region}-${node}.sock`.replace(/[^\w.-]/g, "_"));
  return shortEnough(join(resolve(dirname(storage.file)), `${node}.sock`.replace(/[^\w.-]/g, "_")));
}

/** The path, or one that stands for it where it is longer than a socket's may be; `most` in bytes. */
export function shortEnough(path: string, most = MOST): string {
  if (Buffer.byteLength(path) <= most) return path;
  return join(ownFolder(), `${createHash("sha256").update(path).digest("hex").slice(0, 16)}.sock`);
}

function ownFolder(): string {
  return join(tmpdir(), `meridian-${process.getuid?.() ?? 0}`);
}
