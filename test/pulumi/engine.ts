// The real Pulumi engine for tests: the CLI and its language host, a file backend, and the stand-in AWS provider.
import { execFile } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, relative } from "node:path";
import { marks } from "../harness/run/mark.ts";
import { Cloud } from "./stand-in/cloud.ts";

const root = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
const awsVersion = createRequire(import.meta.url)("@pulumi/aws/package.json").version as string;

/** Folder of a `pulumi` with its Node.js language host: MERIDIAN_PULUMI, the one built here, or one on PATH. */
export function findPulumi(): string | undefined {
  const folders = [
    process.env.MERIDIAN_PULUMI,
    join(root, ".pulumi-cli"),
    ...(process.env.PATH ?? "").split(delimiter),
  ];
  return folders.find(
    (folder) => folder && ["pulumi", "pulumi-language-nodejs"].every((name) => existsSync(join(folder, name))),
  );
}

/** Whether the tests that take longest are run as well: `npm run test:pulumi` does, `npm run test:pulumi:short` does not. */
export const thorough = process.env.MERIDIAN_TEST_PULUMI !== "short";

/** Why tests with the engine are not run; undefined when they are. */
export function whySkipped(): string | undefined {
  if (!process.env.MERIDIAN_TEST_PULUMI) return "they take minutes: `npm run test:pulumi` runs them";
  return findPulumi() ? undefined : "no pulumi: test/pulumi/cli/build.sh builds it where Go is, or put one on PATH";
}

/** Result of one run of the CLI. */
export interface Run {
  readonly code: number;
  readonly output: string;
}

/** How many resources an operation created, changed, and so on. */
export type Summary = Readonly<Partial<Record<"create" | "update" | "delete" | "replace" | "same", number>>>;

/** An engine with a home, a backend and a cloud of its own. */
export class Engine {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly cloud: Cloud;
  private readonly faults: string;

  constructor(pulumi: string) {
    this.folder = mkdtempSync(join(tmpdir(), "pulumi-"));
    // The language host looks for the SDK above the project.
    symlinkSync(join(root, "node_modules"), join(this.folder, "node_modules"));
    const at = (name: string) => join(this.folder, name);
    this.faults = at("faults");
    mkdirSync(at("backend"));
    installStandIn(at("home"));
    this.cloud = new Cloud(at("cloud"));
    this.environment = {
      ...marks(),
      PATH: [pulumi, join(root, "node_modules/.bin"), process.env.PATH].join(delimiter),
      HOME: at("home"),
      PULUMI_HOME: at("home"),
      PULUMI_BACKEND_URL: `file://${at("backend")}`,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_SKIP_UPDATE_CHECK: "1",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "1",
      // Else each call looks for a keyring, and starts a session bus for it that stays.
      DBUS_SESSION_BUS_ADDRESS: "disabled:",
      NODE_OPTIONS: "--disable-warning=ExperimentalWarning",
      // Each operation starts the program and the provider anew, and half of that is compiling the SDK.
      NODE_COMPILE_CACHE: join(root, "node_modules/.cache/compiled"),
      STAND_IN_CLOUD: at("cloud"),
      STAND_IN_FAULTS: this.faults,
    };
  }

  /** A copy of a project of `infra/` whose stack settings are not the repository's. @returns its folder */
  project(name: "global" | "region"): string {
    const folder = join(this.folder, name);
    if (existsSync(folder)) return folder;
    mkdirSync(folder);
    const text = readFileSync(join(root, "infra", name, "Pulumi.yaml"), "utf8");
    const main = relative(folder, join(root, "infra", name, "index.ts"));
    writeFileSync(join(folder, "Pulumi.yaml"), text.replace("main: index.ts", `main: ${main}`));
    return folder;
  }

  /** Runs the CLI in a project. */
  run(project: "global" | "region", args: readonly string[]): Promise<Run> {
    const folder = this.project(project);
    const whole = [...args, "--non-interactive", "--cwd", folder];
    const options = { env: this.environment, maxBuffer: 64 * 1024 * 1024 };
    return new Promise((resolve) => {
      execFile("pulumi", whole, options, (error, stdout, stderr) => {
        const code = error ? (typeof error.code === "number" ? error.code : 1) : 0;
        resolve({ code, output: `${stdout}\n${stderr}` });
      });
    });
  }

  /** Runs the CLI and fails with its output where it fails. */
  async succeed(project: "global" | "region", args: readonly string[]): Promise<string> {
    const { code, output } = await this.run(project, args);
    if (code !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${code}:\n${output}`);
    return output;
  }

  /** Makes a stack with its settings. */
  async stack(project: "global" | "region", name: string, settings: Readonly<Record<string, string>>): Promise<void> {
    await this.succeed(project, ["stack", "init", name]);
    for (const [key, value] of Object.entries(settings))
      await this.succeed(project, ["config", "set", "--stack", name, key, value]);
  }

  /** `preview`, `up`, `refresh` or `destroy` with its summary of changes. */
  async change(project: "global" | "region", stack: string, verb: string, ...more: string[]): Promise<Summary> {
    const yes = verb === "preview" ? [] : ["--yes"];
    const skip = verb === "up" || verb === "destroy" ? ["--skip-preview"] : [];
    const output = await this.succeed(project, [verb, "--stack", stack, "--json", ...yes, ...skip, ...more]);
    return summaryOf(output);
  }

  /** Lets the next such call fail: `create`, a type, a reason. */
  fail(method: "create" | "update" | "delete" | "read", type: string, reason: string): void {
    writeFileSync(this.faults, `${method} ${type} 1 ${reason}\n`);
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Puts the stand-in where the engine looks for the provider of AWS. */
function installStandIn(home: string): void {
  const folder = join(home, "plugins", `resource-aws-v${awsVersion}`);
  mkdirSync(folder, { recursive: true });
  const node = join(root, "node_modules/.bin/node");
  const provider = join(dirname(new URL(import.meta.url).pathname), "stand-in/provider.ts");
  const file = join(folder, "pulumi-resource-aws");
  writeFileSync(file, `#!/bin/sh\nexec ${node} ${provider} ${awsVersion}\n`);
  chmodSync(file, 0o755);
}

/** The summary of an operation's JSON output: one object, or a line for each event. */
function summaryOf(output: string): Summary {
  const found = [...output.matchAll(/"(?:changeSummary|resourceChanges)":\s*(\{[^}]*\})/g)].at(-1)?.[1];
  if (found === undefined) throw new Error(`no summary in:\n${output}`);
  return JSON.parse(found) as Summary;
}
