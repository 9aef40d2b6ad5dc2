// Processes that are stopped and let go on: alive to the kernel and to every peer's TCP, and silent.
import { readFileSync } from "node:fs";

/** Stops a process and its children (SIGSTOP). Returns what lets them go on. */
export function freeze(pid: number): () => void {
  // The parent first: it can make no child any more.
  signal(pid, "SIGSTOP");
  const frozen = [pid, ...descendants(pid)];
  for (const one of frozen) signal(one, "SIGSTOP");
  return () => {
    for (const one of frozen) signal(one, "SIGCONT");
  };
}

/** Stops a process for `stoppedMs` of every `everyMs`, as a blocked event loop or a greedy neighbour does, until told to end. */
export function stutter(pid: number, stoppedMs: number, everyMs: number): () => void {
  let thaw = () => {};
  let letGo: NodeJS.Timeout | undefined;
  const timer = setInterval(() => {
    thaw = freeze(pid);
    letGo = setTimeout(thaw, stoppedMs);
  }, everyMs);
  return () => {
    clearInterval(timer);
    clearTimeout(letGo);
    thaw();
  };
}

/** Children of a process, and theirs (proc(5)). */
function descendants(pid: number): number[] {
  let text = "";
  try {
    text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  } catch {
    // it is gone
  }
  const children = text.split(" ").filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it is gone
  }
}
