// Programs of the machine that a region of several nodes needs: where they are, and how to get what is missing.
import { accessSync, constants, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../cli/command.ts";

/** An ordinary user that a server runs as where we run as root (PostgreSQL refuses root). */
export interface OrdinaryUser {
  readonly uid: number;
  readonly gid: number;
}

/** A program that may be needed. */
export type Needed = "haproxy" | "redis" | "postgres";

/** Paths: of HAProxy, of the server of Redis or Valkey, and of the folder with PostgreSQL's programs. */
export type Programs = Readonly<Partial<Record<Needed, string>>>;

interface Known {
  readonly name: string;
  find(folders: readonly string[]): string | undefined;
  readonly apt: string;
  readonly brew: string;
  /** The option that takes one from elsewhere. */
  readonly option: string;
}

/** Where servers are installed, though not always searched for by an ordinary user's shell. */
const usual = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"];
/** Debian's PostgreSQL: a folder for each version. */
const POSTGRES_VERSIONS = "/usr/lib/postgresql";

const known: Readonly<Record<Needed, Known>> = {
  haproxy: {
    name: "HAProxy",
    find: (folders) => firstOf(folders, "haproxy"),
    apt: "haproxy",
    brew: "haproxy",
    option: "",
  },
  redis: {
    name: "Redis (or Valkey)",
    find: (folders) => firstOf(folders, "redis-server") ?? firstOf(folders, "valkey-server"),
    apt: "redis-server",
    brew: "redis",
    option: "--redis URL",
  },
  postgres: {
    name: "PostgreSQL",
    find: (folders) =>
      folders.find((folder) => isProgram(join(folder, "initdb")) && isProgram(join(folder, "postgres"))),
    apt: "postgresql",
    brew: "postgresql",
    option: "--postgres URL",
  },
};

/**
 * Finds every program that is needed. `MERIDIAN_PROGRAMS` (folders, as PATH has them) replaces the places looked at.
 * @throws UsageError naming all that are missing and the command that installs them
 */
export function findPrograms(needed: readonly Needed[], why: string, env: NodeJS.ProcessEnv = process.env): Programs {
  const found = Object.fromEntries(needed.map((each) => [each, known[each].find(foldersOf(each, env))]));
  const missing = needed.filter((each) => found[each] === undefined).map((each) => known[each]);
  if (missing.length === 0) return found as Programs;
  const names = new Intl.ListFormat("en").format(missing.map(({ name }) => name));
  const options = missing.map(({ option }) => option).filter((option) => option !== "");
  const instead = options.length === 0 ? "" : `\nor take one that runs: ${options.join(", ")}`;
  const install =
    process.platform === "darwin"
      ? `brew install ${missing.map(({ brew }) => brew).join(" ")}`
      : `apt-get install -y ${missing.map(({ apt }) => apt).join(" ")}`;
  throw new UsageError(`${why} needs ${names}, which this machine does not have:\n  ${install}${instead}`);
}

/** The version's own programs where Debian has them beside others; else those that were found. */
export function postgresOf(version: string, found: string): string {
  const own = join(POSTGRES_VERSIONS, version, "bin");
  return isProgram(join(own, "postgres")) ? own : found;
}

/** The first of these users that the machine has; undefined where we are an ordinary user ourselves. */
export function ordinaryUser(...names: string[]): OrdinaryUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const lines = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const name of [...names, "nobody"]) {
    const fields = lines.find((line) => line.startsWith(`${name}:`))?.split(":");
    if (fields !== undefined) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  throw new UsageError("the machine has no ordinary user to run a server as, and PostgreSQL refuses root");
}

function foldersOf(needed: Needed, { MERIDIAN_PROGRAMS: only, PATH = "" }: NodeJS.ProcessEnv): readonly string[] {
  if (only !== undefined) return only.split(":");
  const folders = [...usual, ...PATH.split(":").filter((folder) => folder.startsWith("/"))];
  return needed === "postgres" ? [...newestFirst(), ...folders] : folders;
}

function newestFirst(): string[] {
  try {
    const versions = readdirSync(POSTGRES_VERSIONS).sort((a, b) => Number(b) - Number(a));
    return versions.map((version) => join(POSTGRES_VERSIONS, version, "bin"));
  } catch {
    return [];
  }
}

function firstOf(folders: readonly string[], name: string): string | undefined {
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
