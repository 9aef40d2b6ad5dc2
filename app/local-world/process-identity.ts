// Tells processes apart: alive or not, and whether a number was given to another one since.
import { readFileSync } from "node:fs";

/** A process by its number and, where the system tells, the moment it started. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot (Linux), else undefined. */
  readonly started?: string | undefined;
}

/** This process, or the one of that number. */
export function identify(pid: number = process.pid): ProcessIdentity {
  return { pid, started: startOf(pid) };
}

/** True while the very process runs. */
export function isRunning({ pid, started }: ProcessIdentity): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return started === undefined || startOf(pid) === started;
}

/** The process that started that one; undefined where the system does not tell, or the process is gone. */
export function parentOf(pid: number): number | undefined {
  const parent = Number(fieldsOf(pid)?.[1]);
  return Number.isInteger(parent) ? parent : undefined;
}

function startOf(pid: number): string | undefined {
  return fieldsOf(pid)?.[19];
}

/** Fields of /proc/PID/stat from the third on (proc_pid_stat(5)); the name before may hold spaces and brackets. */
function fieldsOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}
