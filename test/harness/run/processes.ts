// Finds and ends every process that carries a mark in its environment, whoever its parent has become.
import { readdirSync, readFileSync } from "node:fs";

/** A process that was found. */
export interface Marked {
  readonly pid: number;
  /** Its command line, shortened. */
  readonly command: string;
}

/** ms between two looks, and the most that a process killed may take to be gone. */
const LOOK_EVERY = 20;
const GONE_WITHIN = 10_000;
const COMMAND_LENGTH = 160;

/**
 * Those whose environment holds `NAME=VALUE` of the mark (what they start inherits it), but for this
 * process. Other users' are seen by root alone. Nothing where the system has no /proc.
 */
export function markedBy(mark: string): Marked[] {
  return pids().flatMap((pid) => {
    if (pid === process.pid) return [];
    // A zombie is gone: it only waits for its parent to look.
    const environment = read(pid, "environ");
    if (environment === "" || !environment.split("\0").includes(mark)) return [];
    return [{ pid, command: read(pid, "cmdline").replaceAll("\0", " ").trim().slice(0, COMMAND_LENGTH) }];
  });
}

/** Kills all of them, and what they start meanwhile; resolves with those it found once none is left. */
export async function endMarked(mark: string): Promise<Marked[]> {
  const ended = new Map<number, Marked>();
  const deadline = performance.now() + GONE_WITHIN;
  for (;;) {
    const found = markedBy(mark);
    if (found.length === 0 || performance.now() > deadline) return [...ended.values()];
    for (const one of found) {
      ended.set(one.pid, one);
      kill(one.pid);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended meanwhile.
  }
}

function pids(): number[] {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function read(pid: number, what: "environ" | "cmdline"): string {
  try {
    return readFileSync(`/proc/${pid}/${what}`, "latin1");
  } catch {
    return "";
  }
}
