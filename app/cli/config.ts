// `meridian config`: looks at a node's configuration.
import type { Command } from "commander";
import type { NodeConfig } from "../../contract/contract.ts";
import { print, UsageError } from "./command.ts";
import { lookOutside } from "./look-outside.ts";
import { placeMistakes } from "./look-places.ts";

/** Adds `config check` and `config reference`. */
export function configCommands(program: Command): void {
  const config = program.command("config").description("a node's configuration");
  config
    .command("check")
    .description("check a configuration and the files it names; every mistake is told")
    .argument("<file>", "the configuration (JSON)")
    .option("--json", "print JSON")
    .action(async (file: string, { json }: { json?: boolean }) => {
      const { ConfigError, readConfig } = await import("../../contract/load.ts");
      const read = readConfig(file);
      const named = read.config === undefined ? undefined : await lookAtNamed(read.config);
      const problems = [
        ...read.problems,
        ...(named?.problems ?? []).filter((problem) => isNew(problem, read.problems)).map(read.placed),
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
        ({ host, module, reason }) => `hosts[${domains.indexOf(host)}].modules.${module} will not start: it ${reason}.`,
      );
      print(json, found, [good, ...missing, ...warnings].join("\n"));
    });
  config
    .command("reference")
    .description("every setting of a configuration: path, type, default, what it is for")
    .argument("[part]", "only those whose path has this in it")
    .option("--json", "print JSON")
    .action(async (part: string | undefined, { json }: { json?: boolean }) => {
      const { settings } = await import("../../contract/reference.ts");
      const found = settings().filter(({ path }) => part === undefined || path.includes(part));
      if (found.length === 0) throw new UsageError(`no setting has ${part} in its path`);
      print(json, found, found.map((one) => `${one.path} (${one.type}; ${one.default})\n    ${one.what}`).join("\n"));
    });
}

/** Whether nothing is told yet of the setting that a problem is about, or of a part of it; a stand-in is none of its own. */
function isNew(problem: string, told: readonly string[]): boolean {
  const path = problem.slice(0, problem.indexOf(": "));
  return !problem.includes("mistaken.invalid") && !told.some((other) => other.startsWith(path));
}

/** A component comes to a listener of its kind; in a cluster that may be another node's. */
function shutOut({ components, listeners, cluster }: NodeConfig): string[] {
  if (cluster !== undefined || listeners.some(({ kind }) => kind === "component")) return [];
  return components.map(({ domain }, i) => `components[${i}]: no listener of kind component takes ${domain}`);
}

/** Looks at what a configuration names: certificates, files, modules. */
async function lookAtNamed(config: NodeConfig) {
  const { ConfigError } = await import("../../contract/load.ts");
  const { checkCertificates, modulesLeftOut, storeMistakes } = await import("../../server/index.ts");
  const certificates = checkCertificates(config, Date.now());
  const outside = await lookOutside(config);
  const problems = [
    ...certificates.problems,
    ...outside.problems,
    ...storeMistakes(config),
    ...(await placeMistakes(config)),
  ];
  let leftOut: ReturnType<typeof modulesLeftOut> = [];
  try {
    leftOut = modulesLeftOut(config);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
  }
  return { problems, warnings: [...certificates.warnings, ...outside.warnings, ...shutOut(config)], leftOut };
}
