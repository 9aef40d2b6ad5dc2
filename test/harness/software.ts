// Finds software of others on this machine, and says how to install what is missing.
import { accessSync, constants, existsSync, globSync, statSync } from "node:fs";
import { type Need, SOFTWARE, type Software } from "../packages.ts";

/** Everything that is asked for, by name. */
export const ALL: readonly (readonly [Need, Software])[] = Object.entries(SOFTWARE) as [Need, Software][];

/** Path of its program; undefined where that, or something else of it, is missing. */
export function find(need: Need): string | undefined {
  const { program, files = [] }: Software = SOFTWARE[need];
  if (!files.every((file) => matching(file).length > 0)) return undefined;
  return program.flatMap(matching).find(isProgram);
}

/** Those of these that the machine does not have. */
export function missingOf(needs: readonly Need[]): Need[] {
  return needs.filter((need) => find(need) === undefined);
}

/** Debian's packages that bring these, each once; not those that Debian may lack. */
export function packagesOf(needs: readonly Need[]): string[] {
  const chosen = needs.map((need): Software => SOFTWARE[need]).filter(({ optional }) => optional !== true);
  return [...new Set(chosen.flatMap(({ packages }) => packages))].toSorted();
}

/** The command that installs packages. */
export function installCommand(packages: readonly string[]): string {
  const sudo = process.getuid?.() === 0 ? "" : "sudo ";
  return `${sudo}apt-get install --yes --no-install-recommends ${packages.join(" ")}`;
}

/** How to get what is missing, for an error. */
export function hintOf(need: Need): string {
  const { packages }: Software = SOFTWARE[need];
  return installCommand(packages);
}

/** Files that a path with `*` stands for, the highest version first. */
function matching(path: string): string[] {
  if (!path.includes("*")) return existsSync(path) && !isDevice(path) ? [path] : [];
  return globSync(path).sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
}

/** What a container hides is a device in the place of a file. */
function isDevice(path: string): boolean {
  return statSync(path).isCharacterDevice();
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
