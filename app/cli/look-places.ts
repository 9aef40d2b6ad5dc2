// Whether the places that a configuration names can be had: its database's file, its admin socket, where it listens.
import { lookup } from "node:dns/promises";
import { closeSync, existsSync, mkdtempSync, openSync, readSync, rmdirSync } from "node:fs";
import { isIP } from "node:net";
import { dirname, join, resolve } from "node:path";
import type { NodeConfig } from "../../contract/contract.ts";
import type { BackendConfig } from "../../contract/storage.ts";
import { adminSocketPath, tooLong } from "../admin/socket-path.ts";

/** Every mistake, with its path in the configuration. */
export async function placeMistakes(config: NodeConfig): Promise<string[]> {
  return [...databaseMistakes(config), ...socketMistakes(config), ...(await addressMistakes(config))];
}

/** What every database of SQLite's begins with; an empty file becomes one. https://sqlite.org/fileformat.html §1.3 */
const SQLITE_HEADER = Buffer.from("SQLite format 3\0", "latin1");

/** A database file that is there and is none, or cannot be read and written, or made. */
function databaseMistakes({ storage }: NodeConfig): string[] {
  const single = Object.entries(storage.stores ?? {}).map(
    ([name, backend]) => [`storage.stores.${name}`, backend] as const,
  );
  return [["storage", storage] as const, ...single].flatMap(([path, backend]) => fileMistakes(path, backend));
}

function fileMistakes(path: string, storage: BackendConfig): string[] {
  if (storage.kind !== "sqlite") return [];
  try {
    const file = openSync(storage.file, "r+");
    try {
      const start = Buffer.alloc(SQLITE_HEADER.length);
      const length = readSync(file, start, 0, start.length, 0);
      if (length === 0 || start.equals(SQLITE_HEADER)) return [];
      return [`${path}.file: ${storage.file} is no SQLite database`];
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT") return [`${path}.file: ${storage.file} cannot be read and written (${code})`];
    const unmade = whyUnmade(dirname(resolve(storage.file)));
    return unmade === undefined ? [] : [`${path}.file: ${storage.file} cannot be made (${unmade})`];
  }
}

function socketMistakes(config: NodeConfig): string[] {
  if (config.adminSocket === undefined) return [];
  const path = adminSocketPath(config);
  const long = tooLong(path);
  if (long !== undefined) return [`adminSocket: ${long}`];
  const unmade = whyUnmade(dirname(path));
  return unmade === undefined ? [] : [`adminSocket: ${path} cannot be made (${unmade})`];
}

/** Names to listen at that lead to no address. */
async function addressMistakes({ listeners }: NodeConfig): Promise<string[]> {
  const problems = listeners.map(async ({ address }, i) => {
    if (isIP(address) !== 0) return undefined;
    return lookup(address).then(
      () => undefined,
      ({ code }: NodeJS.ErrnoException) => `listeners[${i}].address: ${address} leads to no address (${code})`,
    );
  });
  return (await Promise.all(problems)).filter((problem) => problem !== undefined);
}

/** Why nothing can be made in a folder, or it itself not: tried where it, or what is above it, is. Leaves nothing there. */
function whyUnmade(folder: string): string | undefined {
  if (!existsSync(folder) && folder !== dirname(folder)) return whyUnmade(dirname(folder));
  try {
    rmdirSync(mkdtempSync(join(folder, ".meridian-")));
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}
