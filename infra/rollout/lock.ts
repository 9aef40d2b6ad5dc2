// One rollout at a time: a lock with its owner, and a fencing token that rises with every owner.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { makeFolder } from "../../contract/folder.ts";
import { readJson, writeJson } from "./atomic-file.ts";
import { RolloutError } from "./errors.ts";

const LockFile = z.object({
  owner: z.string(),
  host: z.string(),
  pid: z.int(),
  /** When the process began, in the system's own count, so that a reused pid is told from it; empty: unknown. */
  started: z.string(),
  token: z.int(),
  since: z.string(),
});

/** Who holds the lock. */
export type LockHolder = z.output<typeof LockFile>;

/** A lock that is held. */
export interface Lock {
  readonly holder: LockHolder;
  /** @throws RolloutError when somebody has taken the lock by force */
  check(): void;
  release(): void;
}

/**
 * Takes the lock of a folder. The lock of a process of this host that is gone is taken over.
 * @throws RolloutError naming the owner when it is held
 */
export function acquireLock(folder: string, now: number, owner: string = userInfo().username): Lock {
  makeFolder(folder);
  const held = lockHolder(folder);
  if (held && !isGone(held)) throw lockedBy(held);
  // Of two that find the same dead owner one moves its lock away; the other finds nothing to move.
  if (held) moveAway(folder, held.token);
  const holder = {
    owner,
    host: hostname(),
    pid: process.pid,
    started: processStart(process.pid) ?? "",
    token: nextToken(folder),
    since: new Date(now).toISOString(),
  };
  claim(folder, holder);
  return {
    holder,
    check() {
      const current = lockHolder(folder);
      if (current?.token === holder.token) return;
      const by = current ? `${current.owner} took it at ${current.since}` : "it was removed";
      throw new RolloutError("locked", `this rollout has lost its lock: ${by}`);
    },
    release() {
      if (lockHolder(folder)?.token === holder.token) rmSync(lockFile(folder), { force: true });
    },
  };
}

/** Who holds the lock of a folder. */
export function lockHolder(folder: string): LockHolder | undefined {
  const parsed = LockFile.safeParse(readJson(lockFile(folder)));
  return parsed.success ? parsed.data : undefined;
}

/** Takes the lock away from whoever has it; what they do next fails at their next step. */
export function forceUnlock(folder: string): LockHolder | undefined {
  const held = lockHolder(folder);
  rmSync(lockFile(folder), { force: true });
  return held;
}

const lockFile = (folder: string) => join(folder, "lock.json");

/** A whole file appears at once by a link, and a link fails where there is one already. */
function claim(folder: string, holder: LockHolder): void {
  const own = join(folder, `lock-${holder.pid}-${holder.token}.json`);
  writeFileSync(own, JSON.stringify(holder), { mode: 0o600 });
  try {
    linkSync(own, lockFile(folder));
  } catch (error) {
    const other = lockHolder(folder);
    throw other ? lockedBy(other) : error;
  } finally {
    rmSync(own, { force: true });
  }
}

function moveAway(folder: string, token: number): void {
  const aside = join(folder, `lock-gone-${token}-${process.pid}.json`);
  try {
    renameSync(lockFile(folder), aside);
  } catch {
    return;
  }
  // Another may have claimed it between our look and the move: give it back.
  const moved = LockFile.safeParse(readJson(aside));
  if (moved.success && moved.data.token !== token) {
    try {
      linkSync(aside, lockFile(folder));
    } catch {
      // Somebody has it again, with a newer token.
    }
  }
  rmSync(aside, { force: true });
}

function nextToken(folder: string): number {
  const file = join(folder, "token.json");
  const last = z.int().safeParse(readJson(file));
  const token = (last.success ? last.data : 0) + 1;
  writeJson(file, token);
  return token;
}

function lockedBy(holder: LockHolder): RolloutError {
  const { owner, host, pid, since } = holder;
  const how = "wait for it, or take the lock by `rollout unlock --force`";
  return new RolloutError("locked", `${owner} on ${host} (process ${pid}) has been rolling out since ${since}: ${how}`);
}

function isGone({ host, pid, started }: LockHolder): boolean {
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
  const now = processStart(pid);
  return started !== "" && now !== undefined && now !== started;
}

/** Field 22 of /proc/PID/stat (proc(5)); undefined where the system has none. A zombie counts as gone. */
function processStart(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields[0] === "Z" ? "gone" : fields[19];
  } catch {
    return undefined;
  }
}
