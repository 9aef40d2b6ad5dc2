// Runs `meridian …` as a person does: a process of its own, its output, its exit code, and what it leaves running.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../harness/until.ts";

const root = join(import.meta.dirname, "..", "..");
const node = join(root, "node_modules", ".bin", "node");

/** A command that runs or has run. */
export interface Running {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Resolves when what is on standard output satisfies; rejects when the command ends first. */
  whenOutput<T>(found: (stdout: string) => T | undefined): Promise<T>;
  /** Exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
}

/** Starts `meridian` with arguments; standard input is closed, or what is given. */
export function meridian(args: readonly string[], { input = "", env = {} as Record<string, string> } = {}): Running {
  const child = spawn(node, [join(root, "app", "cli", "main.ts"), ...args], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: "", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin?.end(input);
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number | string);
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    whenOutput(found) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const value = found(stdout);
          if (value !== undefined) resolve(value);
        };
        child.stdout?.on("data", look);
        ended.then((code) => reject(new Error(`ended with ${code} before: ${stderr}${stdout}`)));
        look();
      });
    },
  };
}

/** Runs a command to its end. */
export async function run(args: readonly string[], options: { input?: string; env?: Record<string, string> } = {}) {
  const running = meridian(args, options);
  const code = await running.ended;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}

/** What `start --json` prints. */
export interface StartedWorld {
  readonly page: string;
  readonly data: string;
  readonly nameServer: string;
  readonly authority: string;
  readonly regions: readonly {
    readonly name: string;
    readonly domain: string;
    readonly nodes: readonly { readonly name: string; readonly pid: number; readonly state: string }[];
    readonly webSocket: string;
    readonly linksUp: number;
    readonly ports: Readonly<Record<string, number>>;
  }[];
  readonly servers: readonly { readonly name: string; readonly url: string; readonly pid?: number }[];
  readonly links: readonly { readonly regions: readonly string[]; readonly state: string }[];
  readonly accounts: readonly { readonly region: string; readonly jid: string; readonly password: string }[];
}

/** Starts a world and resolves when it is up. */
export async function startWorld(args: readonly string[]): Promise<{ running: Running; world: StartedWorld }> {
  const running = meridian(["start", "--json", "--port", "0", ...args]);
  const world = await running.whenOutput((text) => {
    if (!text.trimEnd().endsWith("}")) return undefined;
    const told = JSON.parse(text) as StartedWorld | { readonly error: string };
    return "error" in told ? undefined : told;
  });
  return { running, world };
}

/** All that the terminal said of one region or node, line by line. */
export function saidOf(running: Running, name: string): string[] {
  return running
    .stderr()
    .split("\n")
    .filter((line) => line.startsWith(`${name.padEnd(4)} `));
}

/** Numbers of all processes that a world has started. */
export function pidsOf({ regions, servers }: StartedWorld): number[] {
  return [...regions.flatMap(({ nodes }) => nodes), ...servers].flatMap(({ pid }) => pid ?? []);
}

/** A folder that is gone after the tests. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "meridian-test-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Writes a node's configuration on ports of the system's choice, with other settings beside. @returns its file */
export function nodeFileIn(folder: string, name: string, more: object): string {
  const file = join(folder, `${name}.json`);
  const listeners = [
    { kind: "s2s", port: 0 },
    { kind: "c2s", port: 0, tls: "none" },
  ];
  const given = { node: "n", hosts: [{ domain: "a.test" }], storage: { kind: "memory" }, listeners, ...more };
  writeFileSync(file, JSON.stringify({ authentication: { requireTls: false }, ...given }));
  return file;
}

/** True while a process of that number runs. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Resolves when none of the processes runs any more; rejects after `ms`. They are nobody's children here. */
export async function whenGone(pids: readonly number[], ms: number): Promise<void> {
  await until(
    () => `still there: ${pids.filter(isAlive).join(", ")}`,
    () => !pids.some(isAlive),
    ms,
  );
}
