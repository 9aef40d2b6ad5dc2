// Child processes of a benchmark: pinned to a core, and gone when the benchmark is, however it ends.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Core of the servers under test. */
export const SERVER_CORE = 0;
/** Core of the load generator, which is this process. */
export const LOAD_CORE = 1;

const running = new Set<ChildProcess>();
const folders = new Set<string>();

/** Moves this process and its threads to the load generator's core. */
export function pinLoadGenerator(): void {
  execFileSync("taskset", ["-a", "-c", "-p", String(LOAD_CORE), String(process.pid)], { stdio: "ignore" });
}

/** A folder that is removed when the benchmark ends. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `meridian-bench-${name}-`));
  folders.add(folder);
  return folder;
}

/** How to start a server. */
export interface Command {
  readonly argv: readonly string[];
  readonly folder: string;
  readonly env?: Record<string, string>;
}

/**
 * Starts a server on its core, with as many file descriptors as the machine allows. Its output goes to `output.txt` in
 * its folder. The kernel kills it if this process is killed.
 */
export function startPinned({ argv, folder, env }: Command): ChildProcess {
  const output = openSync(join(folder, "output.txt"), "a");
  const script = 'ulimit -n "$(ulimit -H -n)"; exec setpriv --pdeathsig KILL taskset -c "$0" "$@"';
  const child = spawn("sh", ["-c", script, String(SERVER_CORE), ...argv], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ["ignore", output, output],
    detached: true,
  });
  closeSync(output);
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

/** What a server wrote, for the message of a failure. */
export function outputOf(folder: string): string {
  return readFileSync(join(folder, "output.txt"), "utf8").slice(-2000);
}

/** Asks a server to end, and ends it after `ms`. */
export async function stop(child: ChildProcess, ms = 5000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => killGroup(child), ms);
  await ended;
  clearTimeout(timer);
  killGroup(child);
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // no process of the group is left
  }
}

/** Ends everything that was started and removes every temporary folder. */
export function cleanUp(): void {
  for (const child of running) killGroup(child);
  running.clear();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  folders.clear();
}

/** From now on, nothing started here outlives this process. */
export function cleanUpAtExit(): void {
  process.on("exit", cleanUp);
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)
    process.on(signal, () => process.exit(code));
}
