// The servers of a benchmark: each pinned to its core, its output in its folder.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { tie } from "../../test/harness/children.ts";

/** Core of the servers under test. */
export const SERVER_CORE = 0;
/** Core of the load generator, which is this process. */
export const LOAD_CORE = 1;

/** ms that a server may take to end in order. */
export const END_MS = 5000;

/** Moves this process and its threads to the load generator's core. */
export function pinLoadGenerator(): void {
  execFileSync("taskset", ["-a", "-c", "-p", String(LOAD_CORE), String(process.pid)], { stdio: "ignore" });
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
  return tie(child);
}

/** What a server wrote, for the message of a failure. */
export function outputOf(folder: string): string {
  return readFileSync(join(folder, "output.txt"), "utf8").slice(-2000);
}
