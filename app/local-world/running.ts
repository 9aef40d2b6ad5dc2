// Finds the local world that runs, so that nobody must say where its data is.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../cli/command.ts";
import { dataFolders } from "./options.ts";
import { isRunning, type ProcessIdentity } from "./process-identity.ts";

/** Data folder of the one world that runs. @throws UsageError where none does, or several do */
export function runningWorld(base: string = dataFolders()): string {
  const running = foldersOf(base).filter((folder) => {
    const holder = holderOf(folder);
    return holder !== undefined && isRunning(holder);
  });
  const [only] = running;
  if (only === undefined) throw new UsageError("no world runs on this machine: `npm start` starts one; or give --data");
  if (running.length > 1) throw new UsageError(`several worlds run: --data ${running.join(" or --data ")}`);
  return only;
}

function foldersOf(base: string): string[] {
  try {
    return readdirSync(base).map((name) => join(base, name));
  } catch {
    return [];
  }
}

function holderOf(folder: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, "lock"), "utf8")) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
