// What each command of `meridian rollout` does; each resolves with its exit code.
import { readFileSync } from "node:fs";
import type { Clock, Outcome, Plan, RolloutEvent, RolloutTools } from "../../../infra/rollout/index.ts";
import type { World } from "../../../regions/world.ts";
import { print, UsageError } from "../command.ts";
import { type Progress, progressFor } from "./progress.ts";
import { type OpenTarget, stateFolder, type TargetOptions } from "./target.ts";
import { changeText, holderText, journalText, planText, statusText, viewOf } from "./text.ts";

/** What the commands work by; tests give their own. */
export interface RolloutParts {
  readonly open: OpenTarget;
  readonly clock?: Clock;
}

/** Options of every command. */
export interface Options extends TargetOptions {
  readonly json?: boolean;
  readonly gateSeconds?: number;
}

/** Options of `plan`. */
export interface PlanOptions extends Options {
  readonly out?: string;
  readonly region?: readonly string[];
}

/** Options of `up`. */
export interface UpOptions extends Options {
  readonly plan?: string;
  readonly confirm?: string;
}

const load = () => import("../../../infra/rollout/index.ts");

/** Tools without a display, for what takes no steps. */
async function toolsFor(parts: RolloutParts, options: Options, world: World | undefined): Promise<RolloutTools> {
  const folder = await stateFolder(options);
  const opened = await parts.open(options, folder, world);
  const { gateSeconds } = options;
  if (gateSeconds !== undefined && !(gateSeconds > 0))
    throw new UsageError("--gate-seconds: expected a number above 0");
  const gateMs = gateSeconds === undefined ? opened.gateMs : gateSeconds * 1000;
  return { ...opened, folder, ...(gateMs !== undefined && { gateMs }), ...(parts.clock && { clock: parts.clock }) };
}

/** `rollout plan`. */
export async function planIt(parts: RolloutParts, file: string, options: PlanOptions): Promise<number> {
  const { plan, refusal, writePlan, exitCodes } = await load();
  const { loadWorld } = await import("../../../regions/world.ts");
  const world = loadWorld(file);
  const tools = await toolsFor(parts, options, undefined);
  const made = await plan(tools, JSON.parse(readFileSync(file, "utf8")), options.region);
  const why = refusal(made, undefined);
  if (options.out !== undefined) writePlan(options.out, made);
  const next = options.out === undefined ? "" : `\n\n${options.out} written for ${world.name}.`;
  print(options.json, { ...made, ...(why !== undefined && { refusal: why }) }, `${planText(made, why)}${next}`);
  return exitCodes.done;
}

/** `rollout up`. */
export async function upIt(parts: RolloutParts, file: string | undefined, options: UpOptions): Promise<number> {
  const { refusal, RolloutError, up } = await load();
  const plan = await planOf(parts, file, options);
  const why = refusal(plan, options.confirm);
  // Told before Pulumi or credentials are looked for.
  if (why !== undefined) throw new RolloutError("refused", why);
  const there = plan.driver === "local" ? { ...options, target: "local" as const } : options;
  return carriedOut({ parts, options: there, plan, wanted: "done" }, (tools) => up(tools, plan, options.confirm));
}

/** The plan of a file, or made at once of a world file where nothing is lost by that. @throws UsageError */
async function planOf(parts: RolloutParts, file: string | undefined, options: UpOptions): Promise<Plan> {
  const { plan, readPlan } = await load();
  if (options.plan !== undefined && file === undefined) return readPlan(options.plan);
  if (file === undefined || options.plan !== undefined || options.target !== "local")
    throw new UsageError(
      "up takes --plan FILE, which `plan --out FILE` writes; with --target local a world file will do",
    );
  const { loadWorld } = await import("../../../regions/world.ts");
  loadWorld(file);
  return plan(await toolsFor(parts, options, undefined), JSON.parse(readFileSync(file, "utf8")));
}

/** `rollout resume`. */
export async function resumeIt(parts: RolloutParts, options: Options): Promise<number> {
  const { resume } = await load();
  const plan = await latestPlan(options, "there is no rollout to go on with");
  return carriedOut({ parts, options, plan, wanted: "done" }, resume);
}

/** `rollout abort`. */
export async function abortIt(parts: RolloutParts, options: Options): Promise<number> {
  const { abort, exitCodes } = await load();
  const plan = await latestPlan(options, "there is no rollout to abort");
  return carriedOut({ parts, options, plan, wanted: "rolled back" }, abort, () => {
    const who = "the rollout that runs was asked to end: `rollout status` shows how it does";
    print(options.json, { asked: "abort" }, who);
    return exitCodes.done;
  });
}

/** `rollout rollback`. */
export async function rollbackIt(parts: RolloutParts, options: Options & { region?: string }): Promise<number> {
  const { rollback } = await load();
  const plan = await latestPlan(options, "there was no rollout");
  return carriedOut({ parts, options, plan, wanted: "rolled back" }, (tools) => rollback(tools, options.region));
}

/** The plan of the last rollout. @throws UsageError when there was none */
async function latestPlan(options: Options, otherwise: string): Promise<Plan> {
  const { status } = await load();
  const { journal } = status({ folder: await stateFolder(options) });
  if (!journal) throw new UsageError(otherwise);
  return journal.plan;
}

/** A rollout, and how whoever asked wants it to end. */
interface Undertaking {
  readonly parts: RolloutParts;
  readonly options: Options;
  readonly plan: Plan;
  readonly wanted: "done" | "rolled back";
}

/** Takes steps, shows them, and prints how it ended. */
async function carriedOut(
  { parts, options, plan, wanted }: Undertaking,
  act: (tools: RolloutTools) => Promise<Outcome | undefined>,
  elsewhere: () => number = () => 0,
): Promise<number> {
  const { parseWorld } = await import("../../../regions/world.ts");
  const tools = await toolsFor(parts, options, parseWorld(plan.target, plan.world));
  if (wanted === "done" && tools.driver.name === "pulumi" && !tools.probe)
    process.stderr.write("No accounts for a synthetic client (--probe): alarms, sessions and traffic alone decide.\n");
  let progress: Promise<Progress> | undefined;
  const regions = plan.regions.map(({ region }) => region);
  // Shown from the first event on: what is refused before shows nothing.
  const queue: RolloutEvent[] = [];
  const report = (event: RolloutEvent) => {
    queue.push(event);
    progress ??= progressFor(options.json, regions, wanted);
    void progress.then((shown) => {
      for (const next of queue.splice(0)) shown.report(next);
    });
  };
  let outcome: Outcome | undefined;
  try {
    outcome = await act({ ...tools, report });
  } finally {
    await (await progress)?.end();
  }
  if (!outcome) return elsewhere();
  const { journal } = outcome;
  // Who asked for a rollback or an end has got it.
  const ended = journal.state === "rolled back" || journal.state === "aborted";
  const exitCode = wanted === "rolled back" && ended ? 0 : outcome.exitCode;
  print(options.json, { ...viewOf(journal), exitCode }, journalText(journal));
  return exitCode;
}

/** `rollout drift`. */
export async function driftOf(parts: RolloutParts, named: readonly string[], options: Options): Promise<number> {
  const { drift, exitCodes } = await load();
  const otherwise = "nothing was rolled out yet: name the regions";
  const regions = named.length > 0 ? named : (await latestPlan(options, otherwise)).regions.map(({ region }) => region);
  const found = await drift(await toolsFor(parts, options, undefined), regions);
  const lines = found.flatMap(({ region, changes }) => [
    `${region}: ${changes.length === 0 ? "as it was rolled out" : `${changes.length} differ`}`,
    ...changes.map((change) => `  ${changeText(change)}`),
  ]);
  print(options.json, found, lines.join("\n"));
  return exitCodes.done;
}

/** `rollout drain`. */
export async function drainIt(
  parts: RolloutParts,
  region: string,
  options: Options & { end?: boolean },
): Promise<number> {
  const { drain, exitCodes } = await load();
  const drained = options.end !== true;
  await drain(await toolsFor(parts, options, undefined), region, drained);
  const text = drained ? `${region} is out of the global domain's answers` : `${region} is back in the answers`;
  print(options.json, { region, drained }, text);
  return exitCodes.done;
}

/** `rollout status`. */
export async function showStatus(options: Options): Promise<number> {
  const { exitCodes, status } = await load();
  const now = status({ folder: await stateFolder(options) });
  const { journal, lock, request } = now;
  const value = { rollout: journal ? viewOf(journal) : null, lock: lock ?? null, request: request ?? null };
  print(options.json, value, statusText(now));
  return exitCodes.done;
}

/** `rollout history`. */
export async function showHistory(options: Options): Promise<number> {
  const { exitCodes, history } = await load();
  const all = history({ folder: await stateFolder(options) });
  const text = all.length === 0 ? "nothing was rolled out yet" : all.map(journalText).join("\n\n");
  print(options.json, all.map(viewOf), text);
  return exitCodes.done;
}

/** `rollout pause` and `rollout promote`. */
export async function request(what: "pause" | "promote", options: Options): Promise<number> {
  const { exitCodes, pause, promote, status } = await load();
  const tools = { folder: await stateFolder(options) };
  if (!status(tools).lock) throw new UsageError(`there is no rollout that runs, to ${what}`);
  (what === "pause" ? pause : promote)(tools);
  print(options.json, { asked: what }, `the rollout that runs was asked to ${what}`);
  return exitCodes.done;
}

/** `rollout unlock`. */
export async function unlockIt(options: Options & { force?: boolean }): Promise<number> {
  const { exitCodes, status, unlock } = await load();
  const tools = { folder: await stateFolder(options) };
  const { lock } = status(tools);
  if (lock && options.force !== true)
    throw new UsageError(
      `${holderText(lock)} holds the lock: --force takes it away, and whoever has it stops at the next step`,
    );
  if (options.force !== true) throw new UsageError("unlock takes --force; nobody holds the lock");
  const had = unlock(tools);
  print(options.json, { had: had ?? null }, had ? `${holderText(had)} had the lock` : "nobody had the lock");
  return exitCodes.done;
}
