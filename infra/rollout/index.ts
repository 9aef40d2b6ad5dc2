// What `meridian rollout` can do, without its command line: every command is one function here.
import { userInfo } from "node:os";
import { parseWorld, regionOf } from "../../regions/world.ts";
import { type Clock, systemClock } from "./clock.ts";
import { answered, ask, asked } from "./control.ts";
import type { Driver, ResourceChange, Target } from "./driver.ts";
import { exitCodes, RolloutError } from "./errors.ts";
import type { Probe } from "./gates.ts";
import { type Journal, Journals } from "./journal.ts";
import { acquireLock, forceUnlock, type Lock, type LockHolder, lockHolder } from "./lock.ts";
import { isPlanOf, makePlan, type Plan, refusal, targetOf } from "./plan.ts";
import { type RolloutEvent, Run, type RunParts } from "./run.ts";
import { frozen } from "./waves.ts";

export type { Clock } from "./clock.ts";
export type { Driver, Preview, RegionHealth, ResourceChange, Target } from "./driver.ts";
export { exitCodes, RolloutError } from "./errors.ts";
export type { Probe } from "./gates.ts";
export type { Journal, JournalEvent, RegionEntry, RegionState, RolloutState } from "./journal.ts";
export type { LockHolder } from "./lock.ts";
export { dangerous, type Plan, type RegionPlan, readPlan, refusal, writePlan } from "./plan.ts";
export type { RolloutEvent } from "./run.ts";

/** What every command works with. */
export interface RolloutTools {
  readonly driver: Driver;
  /** Folder of the lock, the journals and the requests; one for each world and driver. */
  readonly folder: string;
  readonly probe?: Probe;
  readonly clock?: Clock;
  /** Who this is, for the lock and the journal. Default: the system's user. */
  readonly owner?: string;
  /** Time a changed region has to pass its gates, ms. Default: 120,000. */
  readonly gateMs?: number;
  /** ms between two looks at gates and requests. Default: 5,000. */
  readonly lookMs?: number;
  readonly report?: (event: RolloutEvent) => void;
}

/** How a rollout ended. */
export interface Outcome {
  readonly journal: Journal;
  readonly exitCode: number;
}

/** How everything stands. */
export interface Status {
  readonly journal: Journal | undefined;
  readonly lock: LockHolder | undefined;
  readonly request: string | undefined;
}

/** Plans a rollout of a world file's value. @throws WorldError, Error of the driver */
export async function plan(tools: RolloutTools, file: unknown, only?: readonly string[]): Promise<Plan> {
  const target: Target = { file, world: parseWorld(file) };
  return makePlan(tools.driver, target, clockOf(tools).now(), only);
}

/**
 * Carries out a plan, or goes on with the same plan where it was interrupted.
 * @param confirm the word typed to allow what loses data
 * @throws RolloutError when it is refused, or locked
 */
export async function up(tools: RolloutTools, plan: Plan, confirm?: string): Promise<Outcome> {
  const now = clockOf(tools).now();
  const { world } = targetOf(plan);
  if (!isPlanOf(plan, world, tools.driver))
    throw new RolloutError("usage", `the plan is for ${plan.world} by ${plan.driver}, not by ${tools.driver.name}`);
  const why = refusal(plan, confirm) ?? frozen(world, now);
  if (why !== undefined) throw new RolloutError("refused", why);
  return locked(tools, async (lock) => {
    const journals = new Journals(tools.folder);
    const unfinished = journals.unfinished();
    if (unfinished && unfinished.plan.hash !== plan.hash)
      throw new RolloutError(
        "refused",
        `rollout ${unfinished.id} has not ended: \`rollout resume\` or \`rollout abort\` it first`,
      );
    answered(tools.folder);
    const journal = unfinished ?? journals.begin(plan, ownerOf(tools), now);
    return run(tools, journals, lock, journal, unfinished !== undefined);
  });
}

/** Goes on with the rollout that was paused, or whose tool was killed. @throws RolloutError when there is none */
export async function resume(tools: RolloutTools): Promise<Outcome> {
  return locked(tools, async (lock) => {
    const journals = new Journals(tools.folder);
    const journal = journals.unfinished();
    if (!journal) throw new RolloutError("usage", "there is no rollout to go on with");
    const why = frozen(targetOf(journal.plan).world, clockOf(tools).now());
    if (why !== undefined) throw new RolloutError("refused", why);
    answered(tools.folder);
    return run(tools, journals, lock, journal, true);
  });
}

/** Asks the running rollout to stop before its next step; the regions in change are finished first. */
export function pause(tools: Pick<RolloutTools, "folder">): void {
  ask(tools.folder, "pause");
}

/** Asks the running rollout not to wait for time and traffic of the regions it watches. */
export function promote(tools: Pick<RolloutTools, "folder">): void {
  ask(tools.folder, "promote");
}

/** Ends a rollout: regions in change are rolled back, later ones are not touched. Where no tool runs, this one does it. */
export async function abort(tools: RolloutTools): Promise<Outcome | undefined> {
  ask(tools.folder, "abort");
  let lock: Lock;
  try {
    lock = acquireLock(tools.folder, clockOf(tools).now(), ownerOf(tools));
  } catch (error) {
    // Whoever holds the lock hears the request.
    if (error instanceof RolloutError && error.exitCode === exitCodes.locked) return undefined;
    throw error;
  }
  try {
    const journals = new Journals(tools.folder);
    const journal = journals.unfinished();
    if (!journal) {
      answered(tools.folder);
      throw new RolloutError("usage", "there is no rollout to abort");
    }
    return await rollBackRegions(tools, journals, lock, journal, openRegions(journal), "aborted");
  } finally {
    lock.release();
  }
}

/** Rolls back a region, or every region of the last rollout, to what was recorded before. */
export async function rollback(tools: RolloutTools, region?: string): Promise<Outcome> {
  return locked(tools, async (lock) => {
    const journals = new Journals(tools.folder);
    const journal = journals.latest();
    if (!journal) throw new RolloutError("usage", "there was no rollout");
    if (region !== undefined) regionOf(targetOf(journal.plan).world, region);
    const changed = Object.keys(journal.regions).filter((name) => journal.regions[name]?.state !== "pending");
    const wanted = changed.filter((name) => region === undefined || name === region);
    if (wanted.length === 0) throw new RolloutError("usage", "the last rollout changed nothing there");
    return rollBackRegions(tools, journals, lock, journal, wanted.toReversed(), "rolled back");
  });
}

/** How the last rollout stands, and who holds the lock. */
export function status(tools: Pick<RolloutTools, "folder">): Status {
  return {
    journal: new Journals(tools.folder).latest(),
    lock: lockHolder(tools.folder),
    request: asked(tools.folder),
  };
}

/** All rollouts, the newest first. */
export function history(tools: Pick<RolloutTools, "folder">): Journal[] {
  return new Journals(tools.folder).all();
}

/** What differs in each region between what was rolled out and what is there. */
export async function drift(
  tools: Pick<RolloutTools, "driver">,
  regions: readonly string[],
): Promise<{ readonly region: string; readonly changes: readonly ResourceChange[] }[]> {
  const found: { region: string; changes: readonly ResourceChange[] }[] = [];
  for (const region of regions) found.push({ region, changes: await tools.driver.drift(region) });
  return found;
}

/** Takes a region out of the global domain's answers, or back into them. @throws RolloutError when locked */
export async function drain(tools: RolloutTools, region: string, drained = true): Promise<void> {
  await locked(tools, () => tools.driver.drain(region, drained));
}

/** Takes the lock away from whoever has it. @returns who had it */
export function unlock(tools: Pick<RolloutTools, "folder">): LockHolder | undefined {
  return forceUnlock(tools.folder);
}

async function locked<T>(tools: RolloutTools, act: (lock: Lock) => Promise<T>): Promise<T> {
  const lock = acquireLock(tools.folder, clockOf(tools).now(), ownerOf(tools));
  try {
    return await act(lock);
  } finally {
    lock.release();
  }
}

async function run(
  tools: RolloutTools,
  journals: Journals,
  lock: Lock,
  journal: Journal,
  resumed: boolean,
): Promise<Outcome> {
  const run = new Run(journal, partsOf(tools, journals, lock), resumed);
  const ended = outcome(await run.toEnd());
  return run.refusedWith === undefined ? ended : { ...ended, exitCode: run.refusedWith };
}

async function rollBackRegions(
  tools: RolloutTools,
  journals: Journals,
  lock: Lock,
  journal: Journal,
  regions: readonly string[],
  state: "aborted" | "rolled back",
): Promise<Outcome> {
  const run = new Run(journal, partsOf(tools, journals, lock), true);
  return outcome(await run.rollBackAll(regions, state));
}

function openRegions(journal: Journal): string[] {
  const open = new Set(["applying", "verifying", "baking", "failed"]);
  return Object.keys(journal.regions).filter((region) => open.has(journal.regions[region]?.state ?? ""));
}

function partsOf(tools: RolloutTools, journals: Journals, lock: Lock): RunParts {
  return {
    driver: tools.driver,
    journals,
    lock,
    clock: clockOf(tools),
    folder: tools.folder,
    probe: tools.probe,
    gateMs: tools.gateMs ?? 120_000,
    lookMs: tools.lookMs ?? 5_000,
    report: tools.report ?? (() => {}),
  };
}

function outcome(journal: Journal): Outcome {
  const codes = {
    done: "done",
    running: "failed",
    failed: "failed",
    paused: "stopped",
    aborted: "stopped",
    "rolled back": "rolledBack",
  } as const;
  return { journal, exitCode: exitCodes[codes[journal.state]] };
}

const clockOf = (tools: Pick<RolloutTools, "clock">) => tools.clock ?? systemClock;
const ownerOf = (tools: Pick<RolloutTools, "owner">) => tools.owner ?? userInfo().username;
