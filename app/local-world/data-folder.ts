// The folder in which a local world keeps its state: one world, one user of it at a time.
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../../contract/folder.ts";
import { UsageError } from "../cli/command.ts";
import { identify, isRunning, type ProcessIdentity } from "./process-identity.ts";

/** An open folder. */
export interface DataFolder {
  readonly path: string;
  /** Path of a file or folder in it; the folders above are there afterwards. */
  file(...names: string[]): string;
  /** A kept value; undefined where there is none or it cannot be read. */
  read(name: string): unknown;
  /** Keeps a value as JSON, for this user's eyes alone. */
  write(name: string, value: unknown): void;
  /** Lets others use the folder. With `remove` it is gone afterwards. */
  release(options?: { readonly remove?: boolean }): void;
}

interface Marker {
  readonly world: string;
  readonly domain: string;
}

const MARKER = "meridian-world.json";
const LOCK = "lock";
/** What a world keeps; `fresh` removes these and nothing else. */
const kept = [
  ...["ca", "regions", "logs", "rollout", "postgres", "haproxy"],
  ...["accounts.json", "ports.json", "secret", "redis-password"],
];

/** @throws UsageError where the folder is in use, holds another world, or is no such folder */
export function openDataFolder(path: string, world: Marker, { fresh = false } = {}): DataFolder {
  makeDataFolder(path);
  // A folder of somebody's files is not to be filled, and never emptied.
  const strangers = readdirSync(path).length > 0 && readJson(join(path, MARKER)) === undefined;
  if (strangers && !readdirSync(path).every((name) => name === LOCK || name.startsWith(`${LOCK}.`)))
    throw new UsageError(`--data ${path}: the folder holds something else; expected an empty or a new one`);
  const release = takeLock(path);
  try {
    const there = readJson(join(path, MARKER)) as Marker | undefined;
    if (fresh) for (const name of kept) rmSync(join(path, name), { recursive: true, force: true });
    else if (there && (there.world !== world.world || there.domain !== world.domain))
      throw new UsageError(
        `--data ${path}: it holds the world ${there.world} (${there.domain}), not ${world.world} (${world.domain}); ` +
          "--fresh begins anew, --data takes another folder",
      );
    writeJson(join(path, MARKER), world);
  } catch (error) {
    release();
    throw error;
  }
  return {
    path,
    file(...names) {
      const file = join(path, ...names);
      makeFolder(join(file, ".."), 0o700);
      return file;
    },
    read: (name) => readJson(join(path, name)),
    write: (name, value) => writeJson(join(path, name), value),
    release({ remove = false } = {}) {
      if (remove) rmSync(path, { recursive: true, force: true });
      release();
    },
  };
}

function makeDataFolder(path: string): void {
  try {
    makeFolder(path, 0o700);
  } catch (error) {
    throw new UsageError(`--data ${path}: cannot be made (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** Takes the folder's lock, also from a process that died with it. Returns what gives it back. */
function takeLock(path: string): () => void {
  const lock = join(path, LOCK);
  const draft = `${lock}.${process.pid}`;
  writeJson(draft, identify());
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        // A link is there whole or not at all, and never over another.
        linkSync(draft, lock);
        return () => rmSync(lock, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const holder = readJson(lock) as ProcessIdentity | undefined;
      if (holder !== undefined && isRunning(holder))
        throw new UsageError(
          `--data ${path}: process ${holder.pid} runs a world in it; end that one first, or give another folder`,
        );
      renameSync(lock, `${draft}.dead`);
      rmSync(`${draft}.dead`, { force: true });
    }
    throw new UsageError(`--data ${path}: its lock cannot be taken`);
  } finally {
    rmSync(draft, { force: true });
  }
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

function writeJson(file: string, value: unknown): void {
  const draft = `${file}.new`;
  writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}
