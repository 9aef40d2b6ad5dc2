// `meridian rollout`: takes a changed world file through the regions, one after the other, under guard.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import type { Clock, Driver, Outcome, Plan, RolloutEvent, RolloutTools } from "../../infra/rollout/index.ts";
import type { World } from "../../regions/world.ts";
import { exitCodeOf, print, textOf, UsageError } from "./command.ts";
import { type Progress, progressFor } from "./rollout/progress.ts";
import type { DriverNeeds } from "./rollout/pulumi.ts";
import { changeText, holderText, journalText, planText, statusText, viewOf } from "./rollout/text.ts";

/** What the commands work by; tests give their own. */
export interface RolloutParts {
  openDriver(needs: DriverNeeds): Promise<Driver>;
  readonly clock?: Clock;
}

/** Options of every command. */
interface Options {
  readonly json?: boolean;
  readonly state?: string;
  readonly project?: string;
}

const onAws: RolloutParts = {
  openDriver: async (needs) => (await import("./rollout/pulumi.ts")).openPulumi(needs),
};

const exitCodesHelp = `
Exit codes: 0 done · 1 failed, and could not be rolled back · 2 wrong use, a broken file, something to install is missing
3 another rollout holds the lock · 4 a gate failed, its region was rolled back · 5 refused before anything was changed
6 paused or aborted · 7 what would be changed is not what was planned`;

/** Adds `rollout plan|up|status|pause|resume|promote|abort|rollback|history|drift|drain|unlock`. */
export function rolloutCommands(program: Command, parts: RolloutParts = onAws): void {
  const rollout = program
    .command("rollout")
    .description("take a changed world file through its regions, one after the other, under guard")
    .addHelpText("after", exitCodesHelp);
  const add = (name: string, description: string) =>
    rollout
      .command(name)
      .description(description)
      .option(
        "--state <dir>",
        "folder of journals and lock, one for each world (default: MERIDIAN_ROLLOUT_STATE, or ~/.local/state/meridian/rollout)",
      )
      .option("--json", "print JSON");
  const withStacks = (name: string, description: string) =>
    add(name, description).option("--project <dir>", "Pulumi project of a region (default: infra/region)");

  withStacks("plan", "waves, changes, broken policies, costs; changes nothing")
    .argument("<world-file>")
    .option("--out <file>", "write the plan there, for `up --plan`")
    .option("--region <names>", "these regions alone, by commas; may be given again", gather)
    .action((file: string, options: PlanOptions) => guarded(options, () => planIt(parts, file, options)));
  withStacks("up", "carry out a plan, or go on with it")
    .requiredOption("--plan <file>", "what `plan --out` wrote")
    .option("--confirm <world>", "the world's name, typed, allows what loses data or addresses")
    .action((options: UpOptions) => guarded(options, () => upIt(parts, options)));
  withStacks("resume", "go on with the rollout that was paused, or whose tool was killed").action((options: Options) =>
    guarded(options, () => resumeIt(parts, options)),
  );
  withStacks("abort", "end the rollout: regions in change are rolled back, later ones are not touched").action(
    (options: Options) => guarded(options, () => abortIt(parts, options)),
  );
  withStacks("rollback", "put the regions that the last rollout changed back to what was recorded")
    .option("--region <name>", "this region alone")
    .action((options: Options & { region?: string }) => guarded(options, () => rollbackIt(parts, options)));
  withStacks("drift", "what differs between what was rolled out and what is there")
    .argument("[regions...]", "default: the regions of the last rollout")
    .action((regions: string[], options: Options) => guarded(options, () => driftOf(parts, regions, options)));
  withStacks("drain", "take a region out of the global domain's answers")
    .argument("<region>")
    .option("--end", "take it back in")
    .action((region: string, options: Options & { end?: boolean }) =>
      guarded(options, () => drainIt(parts, region, options)),
    );
  add("status", "how far the last rollout is, and who runs it").action((options: Options) =>
    guarded(options, () => showStatus(options)),
  );
  add("history", "what was rolled out, by whom, and how it ended").action((options: Options) =>
    guarded(options, () => showHistory(options)),
  );
  add("pause", "have the running rollout stop before its next step").action((options: Options) =>
    guarded(options, () => request("pause", options)),
  );
  add("promote", "have the running rollout watch no longer: time and traffic are enough").action((options: Options) =>
    guarded(options, () => request("promote", options)),
  );
  add("unlock", "take the lock away from whoever has it")
    .option("--force", "needed: whoever has it may be at work, and stops at its next step")
    .action((options: Options & { force?: boolean }) => guarded(options, () => unlockIt(options)));
}

interface PlanOptions extends Options {
  readonly out?: string;
  readonly region?: readonly string[];
}

interface UpOptions extends Options {
  readonly plan: string;
  readonly confirm?: string;
}

function gather(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...value.split(",").filter((name) => name !== "")];
}

/** Runs a command; what it throws becomes its text and exit code, as JSON where that was asked for. */
async function guarded({ json }: Options, act: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await act();
  } catch (error) {
    const own = error instanceof Error && "exitCode" in error && typeof error.exitCode === "number";
    // What Pulumi and AWS say is told without a stack; a mistake of ours with it.
    const ours = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
    const text = error instanceof Error && !ours ? error.message : textOf(error);
    process.exitCode = own ? Number(error.exitCode) : exitCodeOf(error);
    if (json) print(true, { error: text, exitCode: process.exitCode }, "");
    else process.stderr.write(`${text}\n`);
  }
}

const load = () => import("../../infra/rollout/index.ts");

function stateFolder({ state }: Options): string {
  const base = process.env.XDG_STATE_HOME || join(homedir(), ".local/state");
  return resolve(state ?? process.env.MERIDIAN_ROLLOUT_STATE ?? join(base, "meridian/rollout"));
}

/** Tools without a display, for what takes no steps. */
async function toolsFor(parts: RolloutParts, options: Options, world: World | undefined): Promise<RolloutTools> {
  const folder = stateFolder(options);
  const project = options.project === undefined ? undefined : resolve(options.project);
  const driver = await parts.openDriver({ folder, project, world });
  return { driver, folder, ...(parts.clock && { clock: parts.clock }) };
}

async function planIt(parts: RolloutParts, file: string, options: PlanOptions): Promise<number> {
  const { plan, refusal, writePlan, exitCodes } = await load();
  const { loadWorld } = await import("../../regions/world.ts");
  const world = loadWorld(file);
  const tools = await toolsFor(parts, options, undefined);
  const made = await plan(tools, JSON.parse(readFileSync(file, "utf8")), options.region);
  const why = refusal(made, undefined);
  if (options.out !== undefined) writePlan(options.out, made);
  const next = options.out === undefined ? "" : `\n\n${options.out} written for ${world.name}.`;
  print(options.json, { ...made, ...(why !== undefined && { refusal: why }) }, `${planText(made, why)}${next}`);
  return exitCodes.done;
}

async function upIt(parts: RolloutParts, options: UpOptions): Promise<number> {
  const { readPlan, refusal, RolloutError, up } = await load();
  const plan = readPlan(options.plan);
  const why = refusal(plan, options.confirm);
  // Told before Pulumi or credentials are looked for.
  if (why !== undefined) throw new RolloutError("refused", why);
  return carriedOut(parts, options, plan, "done", (tools) => up(tools, plan, options.confirm));
}

async function resumeIt(parts: RolloutParts, options: Options): Promise<number> {
  const { resume } = await load();
  const plan = await latestPlan(options, "there is no rollout to go on with");
  return carriedOut(parts, options, plan, "done", resume);
}

async function abortIt(parts: RolloutParts, options: Options): Promise<number> {
  const { abort, exitCodes } = await load();
  const plan = await latestPlan(options, "there is no rollout to abort");
  return carriedOut(parts, options, plan, "rolled back", abort, () => {
    const who = "the rollout that runs was asked to end: `rollout status` shows how it does";
    print(options.json, { asked: "abort" }, who);
    return exitCodes.done;
  });
}

async function rollbackIt(parts: RolloutParts, options: Options & { region?: string }): Promise<number> {
  const { rollback } = await load();
  const plan = await latestPlan(options, "there was no rollout");
  return carriedOut(parts, options, plan, "rolled back", (tools) => rollback(tools, options.region));
}

/** The plan of the last rollout. @throws UsageError when there was none */
async function latestPlan(options: Options, otherwise: string): Promise<Plan> {
  const { status } = await load();
  const { journal } = status({ folder: stateFolder(options) });
  if (!journal) throw new UsageError(otherwise);
  return journal.plan;
}

/** Takes steps, shows them, and prints how it ended. */
async function carriedOut(
  parts: RolloutParts,
  options: Options,
  plan: Plan,
  wanted: "done" | "rolled back",
  act: (tools: RolloutTools) => Promise<Outcome | undefined>,
  elsewhere: () => number = () => 0,
): Promise<number> {
  const { parseWorld } = await import("../../regions/world.ts");
  const tools = await toolsFor(parts, options, parseWorld(plan.target, plan.world));
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

async function driftOf(parts: RolloutParts, named: readonly string[], options: Options): Promise<number> {
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

async function drainIt(parts: RolloutParts, region: string, options: Options & { end?: boolean }): Promise<number> {
  const { drain, exitCodes } = await load();
  const drained = options.end !== true;
  await drain(await toolsFor(parts, options, undefined), region, drained);
  const text = drained ? `${region} is out of the global domain's answers` : `${region} is back in the answers`;
  print(options.json, { region, drained }, text);
  return exitCodes.done;
}

async function showStatus(options: Options): Promise<number> {
  const { exitCodes, status } = await load();
  const now = status({ folder: stateFolder(options) });
  const { journal, lock, request } = now;
  const value = { rollout: journal ? viewOf(journal) : null, lock: lock ?? null, request: request ?? null };
  print(options.json, value, statusText(now));
  return exitCodes.done;
}

async function showHistory(options: Options): Promise<number> {
  const { exitCodes, history } = await load();
  const all = history({ folder: stateFolder(options) });
  const text = all.length === 0 ? "nothing was rolled out yet" : all.map(journalText).join("\n\n");
  print(options.json, all.map(viewOf), text);
  return exitCodes.done;
}

async function request(what: "pause" | "promote", options: Options): Promise<number> {
  const { exitCodes, pause, promote, status } = await load();
  const tools = { folder: stateFolder(options) };
  if (!status(tools).lock) throw new UsageError(`there is no rollout that runs, to ${what}`);
  (what === "pause" ? pause : promote)(tools);
  print(options.json, { asked: what }, `the rollout that runs was asked to ${what}`);
  return exitCodes.done;
}

async function unlockIt(options: Options & { force?: boolean }): Promise<number> {
  const { exitCodes, status, unlock } = await load();
  const tools = { folder: stateFolder(options) };
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
