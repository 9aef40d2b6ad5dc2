// What a rollout would do: waves, changes, findings, costs; written to a file whose hash tells whether it was altered.
import { createHash } from "node:crypto";
import { z } from "zod";
import { regionCost } from "../../regions/cost.ts";
import { parseWorld, regionOf, type World } from "../../regions/world.ts";
import { type Finding, findings, statefulTypes } from "../policies.ts";
import { readJson, writeJson } from "./atomic-file.ts";
import type { Driver, Preview, ResourceChange, Target } from "./driver.ts";
import { RolloutError } from "./errors.ts";
import { type Step, steps } from "./waves.ts";

/** What is planned for one region. */
export interface RegionPlan {
  readonly region: string;
  /** Whether there is such a region already. */
  readonly exists: boolean;
  readonly changes: readonly ResourceChange[];
  readonly findings: readonly Finding[];
  /** USD a month; before is undefined for a region that does not exist yet. */
  readonly cost: { readonly before: number | undefined; readonly after: number };
  /** Fingerprint of the changes, compared again before they are made. */
  readonly fingerprint: string;
}

export interface Plan {
  readonly version: 1;
  readonly world: string;
  readonly driver: string;
  readonly created: string;
  /** The world file's value that is rolled out. */
  readonly target: unknown;
  readonly steps: readonly Step[];
  readonly regions: readonly RegionPlan[];
  readonly hash: string;
}

/** Plans a rollout. @throws WorldError, or what the driver throws */
export async function makePlan(driver: Driver, target: Target, now: number, only?: readonly string[]): Promise<Plan> {
  const { world } = target;
  for (const name of only ?? []) regionOf(world, name);
  const order = steps(world, only);
  const regions: RegionPlan[] = [];
  for (const name of order.flatMap((step) => step.regions)) regions.push(await planRegion(driver, target, name));
  const plan = {
    version: 1 as const,
    world: world.name,
    driver: driver.name,
    created: new Date(now).toISOString(),
    target: target.file,
    steps: order,
    regions,
  };
  return { ...plan, hash: hashOf(plan) };
}

async function planRegion(driver: Driver, target: Target, name: string): Promise<RegionPlan> {
  const [preview, before] = [await driver.preview(name, target), await driver.current(name)];
  return {
    region: name,
    exists: before !== undefined,
    changes: preview.changes,
    findings: findings(preview.resources),
    cost: { before: costOf(before, name), after: regionCost(regionOf(target.world, name)).usd },
    fingerprint: fingerprint(preview),
  };
}

/** What it costs now; a world file of an older kind that cannot be read any more has no price. */
function costOf(file: unknown, name: string): number | undefined {
  if (file === undefined) return undefined;
  try {
    return regionCost(regionOf(parseWorld(file), name)).usd;
  } catch {
    return undefined;
  }
}

/** A fingerprint of what would be changed, in whatever order the engine tells it. */
export function fingerprint(preview: Pick<Preview, "changes">): string {
  const lines = preview.changes.map(
    ({ operation, type, name, keys }) => `${operation} ${type} ${name} ${keys.toSorted().join(",")}`,
  );
  return sha256(lines.toSorted().join("\n"));
}

/** Changes that lose or move data: replacements and deletions of what is stateful. */
export function dangerous(plan: Pick<Plan, "regions">): { readonly region: string; readonly change: ResourceChange }[] {
  return plan.regions.flatMap(({ region, changes }) =>
    changes
      .filter(({ operation, type }) => (operation === "replace" || operation === "delete") && statefulTypes.has(type))
      .map((change) => ({ region, change })),
  );
}

/**
 * Why a plan must not be carried out; undefined when it may.
 * @param word what the operator typed; the world's name allows what is dangerous
 */
export function refusal(plan: Plan, word: string | undefined): string | undefined {
  const broken = plan.regions.flatMap((region) =>
    region.findings.map((finding) => ({ region: region.region, finding })),
  );
  if (broken.length > 0)
    return `policies are broken:\n${broken.map(({ region, finding }) => `  ${region}: ${finding.policy}: ${finding.resource}: ${finding.message}`).join("\n")}`;
  const losses = dangerous(plan);
  if (losses.length === 0 || word === plan.world) return undefined;
  const lines = losses.map(({ region, change }) => `  ${region}: ${change.operation} ${change.type} ${change.name}`);
  return `these hold data or addresses, and would be lost:\n${lines.join("\n")}\nTo do it nevertheless, type the world's name: --confirm ${plan.world}`;
}

export function writePlan(file: string, plan: Plan): void {
  writeJson(file, plan);
}

const PlanFile = z.looseObject({
  version: z.literal(1),
  hash: z.string(),
  world: z.string(),
  steps: z.array(z.unknown()),
});

/** Reads a plan. @throws RolloutError when it is none, or was altered after it was made */
export function readPlan(file: string): Plan {
  const value = readJson(file);
  const parsed = PlanFile.safeParse(value);
  if (!parsed.success) throw new RolloutError("usage", `${file}: is no plan of a rollout`);
  const { hash, ...rest } = value as Plan;
  if (hashOf(rest) !== hash) throw new RolloutError("usage", `${file}: was altered after it was made`);
  return value as Plan;
}

/** The target of a plan. @throws WorldError */
export function targetOf(plan: Plan): Target {
  return { file: plan.target, world: parseWorld(plan.target, plan.world) };
}

/** Whether a world is the one a plan was made for. */
export function isPlanOf(plan: Plan, world: World, driver: Driver): boolean {
  return plan.world === world.name && plan.driver === driver.name;
}

function hashOf(plan: Omit<Plan, "hash">): string {
  return sha256(canonical(plan));
}

/** JSON with keys in order, so that the same plan has the same text however it was written. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
