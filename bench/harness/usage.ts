// CPU time and memory of a process and its children, as the kernel counts them (proc(5)).
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks a second in which /proc tells CPU time. */
const TICKS = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** A process and all its descendants that live. */
export function processTree(pid: number): number[] {
  const found = [pid];
  for (const parent of found) {
    for (const task of list(`/proc/${parent}/task`)) {
      const children = read(`/proc/${parent}/task/${task}/children`).split(" ");
      for (const child of children) if (child !== "") found.push(Number(child));
    }
  }
  return found;
}

/** µs of user and system CPU that a process, its descendants and those it has waited for have used. ±10 ms. */
export function cpuMicros(pid: number): number {
  let ticks = 0;
  for (const one of processTree(pid)) {
    const stat = read(`/proc/${one}/stat`);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // utime, stime, cutime, cstime: fields 14 to 17 of the line, 11 to 14 after the name.
    for (let index = 11; index <= 14; index += 1) ticks += Number(fields[index] ?? 0);
  }
  return (ticks / TICKS) * 1e6;
}

/** Memory in KiB. */
export interface Memory {
  /** Resident set. */
  readonly rss: number;
  /** Proportional set: pages shared with other processes counted by their share. */
  readonly pss: number;
}

/** Memory of a process and its descendants. */
export function memory(pid: number): Memory {
  let rss = 0;
  let pss = 0;
  for (const one of processTree(pid)) {
    const text = read(`/proc/${one}/smaps_rollup`);
    rss += Number(/^Rss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
    pss += Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
  }
  return { rss, pss };
}

/** µs of CPU this process has used. */
export function ownCpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
