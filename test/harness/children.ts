// Child processes, folders and ports of tests, experiments and benchmarks: gone when their process is, however it ends.
import type { ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OrdinaryUser } from "../../app/local-world/machine.ts";

const running = new Set<ChildProcess>();
const folders = new Set<string>();
process.on("exit", cleanUp);

/** Notes a process that is not to outlive this one; one that leads a group takes its group along. */
export function tie(child: ChildProcess): ChildProcess {
  running.add(child);
  child.once("close", () => running.delete(child));
  return child;
}

/** True where it has ended. */
export function isGone(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Ends a process and the group that it leads. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  child.kill("SIGKILL");
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It leads none, or no process of it is left.
  }
}

/** Asks a process to end, and ends it and its group after `ms`. */
export async function endChild(child: ChildProcess, ms: number): Promise<void> {
  if (isGone(child)) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => killGroup(child), ms);
  await ended;
  clearTimeout(timer);
  killGroup(child);
}

/** A new folder of `user`'s that goes away with the process, or by `removeFolder`. */
export function temporaryFolder(name: string, user?: OrdinaryUser): string {
  const folder = mkdtempSync(join(tmpdir(), `meridian-${name}-`));
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  folders.add(folder);
  return folder;
}

/** Removes what `temporaryFolder` made. */
export function removeFolder(folder: string): void {
  folders.delete(folder);
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** Ports that no system gives to who connects: one of those may take what was free a moment ago. */
const FIRST_PORT = 15_000;
const LAST_PORT = 32_000;

/** A port of 127.0.0.1 on which nobody listens, for a server that is told its port. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/** Several of them, each another one. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = new Map<number, ReturnType<typeof createServer>>();
  while (servers.size < count) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    if (servers.has(port)) continue;
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (free) servers.set(port, server);
  }
  for (const server of servers.values()) await once(server.close(), "close");
  return [...servers.keys()];
}

/** Ends everything that was started and removes every folder. */
export function cleanUp(): void {
  for (const child of running) killGroup(child);
  running.clear();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  folders.clear();
}

/** From now on signals end this process in the way that takes everything along. */
export function endBySignals(): void {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)
    process.on(signal, () => process.exit(code));
}
