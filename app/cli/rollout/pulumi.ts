// What a rollout on AWS needs of this machine: Pulumi's SDK and CLI, credentials, and CloudWatch to tell how regions are.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Driver, RegionHealth } from "../../../infra/rollout/index.ts";
import { regionOf, type World } from "../../../regions/world.ts";
import { UsageError } from "../command.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../../..");

/** Credentials of AWS. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** What the driver of AWS is made of. */
export interface DriverNeeds {
  /** Folder of the rollout's own files. */
  readonly folder: string;
  /** Folder of the regions' Pulumi project; default: `infra/region`. */
  readonly project?: string | undefined;
  /** The world whose regions are watched; undefined where nothing will be watched. */
  readonly world: World | undefined;
}

/** ms for which credentials are used before they are asked for again: those of a role expire. */
const credentialsMs = 5 * 60_000;

/**
 * The driver of Pulumi stacks. Everything that is missing is told before anything is touched.
 * @throws UsageError naming what to install or to set
 */
export async function openPulumi({ folder, project, world }: DriverNeeds): Promise<Driver> {
  await needSdk();
  await needCli();
  if (world) await awsCredentials();
  const { pulumiDriver } = await import("../../../infra/rollout/drivers/pulumi.ts");
  return pulumiDriver({
    project: project ?? join(root, "infra/region"),
    folder,
    observe: watch(world),
    // Programs are TypeScript, which the pinned Node runs as it is.
    environment: { PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH ?? ""}` },
  });
}

/** `npm start` installs what a server needs; the SDK is a development package. */
async function needSdk(): Promise<void> {
  try {
    await import("@pulumi/pulumi/automation/index.js");
  } catch (error) {
    if (!/^(ERR_MODULE_NOT_FOUND|MODULE_NOT_FOUND)$/.test(String((error as NodeJS.ErrnoException).code))) throw error;
    throw new UsageError(
      "Pulumi's SDK is not installed: run `npm install` in the repository (with development packages), then try again",
    );
  }
}

async function needCli(): Promise<void> {
  try {
    await run("pulumi", ["version"]);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT") throw new UsageError(`\`pulumi version\` fails: ${message}`);
    throw new UsageError(
      "there is no `pulumi` on PATH: install the Pulumi CLI, 3.250 or newer (https://www.pulumi.com/docs/install/)",
    );
  }
}

/** Tells how regions are, by CloudWatch. */
function watch(world: World | undefined): (region: string) => Promise<RegionHealth> {
  let known: { readonly at: number; readonly credentials: Credentials } | undefined;
  return async (name) => {
    if (!world) throw new Error("nothing is watched without a world");
    const { cloudWatchHealth } = await import("../../../infra/rollout/cloudwatch.ts");
    if (!known || performance.now() - known.at > credentialsMs)
      known = { at: performance.now(), credentials: await awsCredentials() };
    const awsRegion = regionOf(world, name).aws;
    if (awsRegion === undefined) throw new Error(`${name} has no AWS region`);
    return cloudWatchHealth({ world: world.name, region: name, awsRegion }, known.credentials);
  };
}

/**
 * Credentials from the environment, or whatever the AWS CLI finds (profile, single sign-on, role).
 * @throws UsageError when there are none
 */
export async function awsCredentials(environment: NodeJS.ProcessEnv = process.env): Promise<Credentials> {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: key, AWS_SESSION_TOKEN: token } = environment;
  if (id && key) return { accessKeyId: id, secretAccessKey: key, ...(token && { sessionToken: token }) };
  const command = ["configure", "export-credentials", "--format", "process"];
  try {
    const { stdout } = await run("aws", command, { env: environment });
    const { AccessKeyId, SecretAccessKey, SessionToken } = JSON.parse(stdout) as Record<string, string>;
    if (AccessKeyId && SecretAccessKey)
      return {
        accessKeyId: AccessKeyId,
        secretAccessKey: SecretAccessKey,
        ...(SessionToken && { sessionToken: SessionToken }),
      };
  } catch {
    // No AWS CLI, or it has none either: told below. What it printed may hold a secret.
  }
  throw new UsageError(
    "no AWS credentials, which watching regions needs: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and " +
      "AWS_SESSION_TOKEN), or have the AWS CLI find them (`aws configure export-credentials` must answer)",
  );
}
