// `meridian config`: looks at a node's configuration.
import { closeSync, openSync, readSync } from "node:fs";
import type { Command } from "commander";
import type { NodeConfig } from "../../server/index.ts";
import { print } from "./command.ts";
import { lookOutside } from "./look-outside.ts";

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
  const outside = await lookOutside(config);
  const problems = [...certificates.problems, ...outside.problems, ...databaseMistakes(config)];
  let leftOut: ReturnType<typeof modulesLeftOut> = [];
  try {
    leftOut = modulesLeftOut(config);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
  }
  return { problems, warnings: [...certificates.warnings, ...outside.warnings], leftOut };
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
