// `meridian config`: looks at a node's configuration.
import { accessSync, closeSync, constants, openSync, readSync } from "node:fs";
import type { Command } from "commander";
import type { NodeConfig } from "../../server/index.ts";
import { print } from "./command.ts";

/** Adds `config check`. */
export function configCommands(program: Command): void {
  const config = program.command("config").description("a node's configuration");
  config
    .command("check")
    .description("check a configuration and the files it names; every mistake is told")
    .argument("<file>", "the configuration (JSON)")
    .option("--json", "print JSON")
    .action(async (file: string, { json }: { json?: boolean }) => {
      const { ConfigError, readConfig } = await import("../../server/index.ts");
      const read = readConfig(file);
      const named = read.config === undefined ? undefined : await lookAtNamed(read.config);
      const problems = [
        ...read.problems,
        ...(named?.problems ?? []).filter((problem) => isNew(problem, read.problems)),
      ];
      const checked = read.config;
      if (problems.length > 0 || checked === undefined || named === undefined) throw new ConfigError(file, problems);
      const { warnings, leftOut } = named;
      const domains = checked.hosts.map(({ domain }) => domain);
      const found = {
        file,
        node: checked.node,
        region: checked.region,
        domains,
        storage: checked.storage.kind,
        leftOut,
        warnings,
      };
      const good = `${file}: good. Node ${found.node} of region ${found.region} serves ${domains.join(", ")}.`;
      const missing = leftOut.map(
        ({ host, module, reason }) => `hosts[${host}].modules.${module} will not start: it ${reason}.`,
      );
      print(json, found, [good, ...missing, ...warnings].join("\n"));
    });
}

/** Whether nothing is told yet of the setting that a problem is about, or of a part of it; a stand-in is none of its own. */
function isNew(problem: string, told: readonly string[]): boolean {
  const path = problem.slice(0, problem.indexOf(": "));
  return !problem.includes("mistaken.invalid") && !told.some((other) => other.startsWith(path));
}

/** Looks at what a configuration names: certificates, files, modules. */
async function lookAtNamed(config: NodeConfig) {
  const { checkCertificates, ConfigError, modulesLeftOut } = await import("../../server/index.ts");
  const certificates = checkCertificates(config, Date.now());
  const problems = [...certificates.problems, ...unreadableFiles(config), ...databaseMistakes(config)];
  let leftOut: ReturnType<typeof modulesLeftOut> = [];
  try {
    leftOut = modulesLeftOut(config);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
  }
  return { problems, warnings: certificates.warnings, leftOut };
}

/** Files that the configuration names and that cannot be read, each with its path in the configuration. */
function unreadableFiles(config: NodeConfig): string[] {
  const named: [path: string, file: string][] = [];
  config.authentication.clientAuthorities.forEach((file, index) => {
    named.push([`authentication.clientAuthorities[${index}]`, file]);
  });
  config.federation.trustedAuthorities.forEach((file, index) => {
    named.push([`federation.trustedAuthorities[${index}]`, file]);
  });
  config.authentication.providers.forEach((provider, index) => {
    if (provider.kind === "jwt" && provider.publicKeyFile !== undefined)
      named.push([`authentication.providers[${index}].publicKeyFile`, provider.publicKeyFile]);
  });
  const authority = config.cluster?.redis.authority;
  if (authority !== undefined) named.push(["cluster.redis.authority", authority]);
  named.push(...secretFiles(config, ""));
  return named.flatMap(([path, file]) => {
    try {
      accessSync(file, constants.R_OK);
      return [];
    } catch (error) {
      return [`${path}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`];
    }
  });
}

/** Every secret of a configuration that a file holds (`{ "file": … }`), wherever it stands. */
function secretFiles(value: unknown, path: string): [path: string, file: string][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]): [string, string][] => {
    const here = Array.isArray(value) ? `${path}[${name}]` : path === "" ? name : `${path}.${name}`;
    if (name === "file" && typeof inner === "string" && Object.keys(value).length === 1) return [[here, inner]];
    return secretFiles(inner, here);
  });
}

/** What every database of SQLite's begins with; an empty file becomes one. https://sqlite.org/fileformat.html §1.3 */
const SQLITE_HEADER = Buffer.from("SQLite format 3\0", "latin1");

/** A database file that is there and is none, or cannot be read and written. */
function databaseMistakes({ storage }: NodeConfig): string[] {
  if (storage.kind !== "sqlite") return [];
  try {
    const file = openSync(storage.file, "r+");
    try {
      const start = Buffer.alloc(SQLITE_HEADER.length);
      const length = readSync(file, start, 0, start.length, 0);
      if (length === 0 || start.equals(SQLITE_HEADER)) return [];
      return [`storage.file: ${storage.file} is no SQLite database`];
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? [] : [`storage.file: ${storage.file} cannot be read and written (${code})`];
  }
}
