// What a rollout changes: regions on AWS by Pulumi, or the world that `npm start` runs on this machine.
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Driver, Probe } from "../../../infra/rollout/index.ts";
import type { World } from "../../../regions/world.ts";

export const targetNames = ["aws", "local"] as const;
export type TargetName = (typeof targetNames)[number];

/** What the command line says of the target. */
export interface TargetOptions {
  readonly target?: TargetName;
  /** Folder of journals and lock. */
  readonly state?: string;
  /** Pulumi project of a region. */
  readonly project?: string;
  /** Data folder of a local world. */
  readonly data?: string;
  /** File of the synthetic client's accounts, on AWS. */
  readonly probe?: string;
}

/** A target that is ready. */
export interface Opened {
  readonly driver: Driver;
  readonly probe?: Probe;
  readonly lookMs?: number;
  readonly gateMs?: number;
}

/** Opens a target. @param world whose regions will be watched; undefined where none will be. @throws UsageError */
export type OpenTarget = (options: TargetOptions, folder: string, world: World | undefined) => Promise<Opened>;

export const openTarget: OpenTarget = async (options, folder, world) => {
  if (options.target === "local") return (await import("./local.ts")).openLocal(await dataFolder(options), world);
  const { openPulumi } = await import("./pulumi.ts");
  const { accountsProbe } = await import("./accounts.ts");
  const probe = world && accountsProbe(world, options.probe);
  const project = options.project === undefined ? undefined : resolve(options.project);
  return { driver: await openPulumi({ folder, project, world }), ...(probe && { probe }) };
};

/** Folder of a target's journals and lock. @throws UsageError where no local world runs */
export async function stateFolder(options: TargetOptions): Promise<string> {
  const given = options.state ?? process.env.MERIDIAN_ROLLOUT_STATE;
  if (given !== undefined) return resolve(given);
  if (options.target === "local") return join(await dataFolder(options), "rollout");
  return join(process.env.XDG_STATE_HOME || join(homedir(), ".local/state"), "meridian/rollout");
}

async function dataFolder({ data }: TargetOptions): Promise<string> {
  if (data !== undefined) return resolve(data);
  return (await import("../../local-world/running.ts")).runningWorld();
}
