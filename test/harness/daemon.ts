// Starts a real server of the machine for a test: free port, temporary folder, an ordinary user, a certain end.
import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { tmpdir } from "node:os";
import { type OrdinaryUser, ordinaryUser } from "../../app/local-world/machine.ts";
import { tie } from "./children.ts";

export { type OrdinaryUser, ordinaryUser };

/** What to start and how to see that it is ready. */
export interface DaemonOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly user: OrdinaryUser | undefined;
  /** Matches a line of its output once it takes connections; undefined: it is ready when it has ended with 0. */
  readonly ready: RegExp | undefined;
  /** Signal that ends it at once and cleanly enough, should the test's process die. */
  readonly deathSignal?: NodeJS.Signals;
}

/** A running server. */
export interface Daemon {
  readonly pid: number;
  /** Sends a signal and resolves once it has ended. */
  stop(signal: NodeJS.Signals): Promise<void>;
}

/** Output kept for the error message, bytes. */
const KEPT_OUTPUT = 4000;
const READY_MS = 30_000;

/** The first of these programs that may be run. */
export function findProgram(...paths: string[]): string | undefined {
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Starts a server and waits until it is ready. @throws Error with its last output where it ends before, or takes too long */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const child = tie(spawnTied(options));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  await untilReady(child, options);
  return {
    pid: child.pid ?? 0,
    stop: async (signal) => {
      child.kill(signal);
      await ended;
    },
  };
}

/** By `setpriv` where the machine has it, so that the server ends even when the test's process is killed. */
function spawnTied({ command, args, user, deathSignal = "SIGKILL" }: DaemonOptions): ChildProcess {
  const stdio: ["ignore", "pipe", "pipe"] = ["ignore", "pipe", "pipe"];
  const setpriv = findProgram("/usr/bin/setpriv", "/bin/setpriv");
  if (setpriv === undefined) return spawn(command, [...args], { stdio, ...user });
  const become = user === undefined ? [] : [`--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups"];
  const tied = [...become, `--pdeathsig=${deathSignal.slice(3)}`, "--", command, ...args];
  return spawn(setpriv, tied, { stdio, cwd: tmpdir() });
}

function untilReady(child: ChildProcess, { command, ready }: DaemonOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = "";
    const timer = setTimeout(() => fail(`is not ready after ${READY_MS} ms`), READY_MS);
    const fail = (what: string) => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      reject(new Error(`${command} ${what}:\n${output}`));
    };
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    const read = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-KEPT_OUTPUT);
      if (ready?.test(output)) done();
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("error", (error) => fail(error.message));
    child.once("close", (code) => (ready === undefined && code === 0 ? done() : fail(`ended with ${code}`)));
  });
}
