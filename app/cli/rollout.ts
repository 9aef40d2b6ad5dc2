// `meridian rollout`: takes a changed world file through the regions, one after the other, under guard.
import { type Command, Option } from "commander";
import { exitCodeOf, print, textOf } from "./command.ts";
import {
  abortIt,
  drainIt,
  driftOf,
  type Options,
  type PlanOptions,
  planIt,
  type RolloutParts,
  request,
  resumeIt,
  rollbackIt,
  showHistory,
  showStatus,
  type UpOptions,
  unlockIt,
  upIt,
} from "./rollout/actions.ts";
import { openTarget, targetNames } from "./rollout/target.ts";

const exitCodesHelp = `
Exit codes: 0 done · 1 failed, and could not be rolled back · 2 wrong use, a broken file, something to install is missing
3 another rollout holds the lock · 4 a gate failed, its region was rolled back · 5 refused before anything was changed
6 paused or aborted · 7 what would be changed is not what was planned`;

/** Adds `rollout plan|up|status|pause|resume|promote|abort|rollback|history|drift|drain|unlock`. */
export function rolloutCommands(program: Command, parts: RolloutParts = { open: openTarget }): void {
  const rollout = program
    .command("rollout")
    .description("take a changed world file through its regions, one after the other, under guard")
    .addHelpText("after", exitCodesHelp);
  const add = (name: string, description: string) =>
    rollout
      .command(name)
      .description(description)
      .addOption(
        new Option("--target <name>", "aws: regions by Pulumi; local: the world that `npm start` runs here")
          .choices(targetNames)
          .default("aws"),
      )
      .option("--data <dir>", "with --target local: the world's data folder (default: that of the one that runs)")
      .option(
        "--state <dir>",
        "folder of journals and lock, one for each world (default: MERIDIAN_ROLLOUT_STATE, or ~/.local/state/meridian/rollout; of a local world: in its data folder)",
      )
      .option("--json", "print JSON");
  const withStacks = (name: string, description: string) =>
    add(name, description).option("--project <dir>", "Pulumi project of a region (default: infra/region)");
  const watching = (name: string, description: string) =>
    withStacks(name, description)
      .option(
        "--probe <file>",
        "accounts of the synthetic client (JSON; default: MERIDIAN_PROBE_ACCOUNTS holds them; local: the demo accounts)",
      )
      .option(
        "--gate-seconds <number>",
        "time a changed region has to pass its gates (default: 120; local: 30)",
        Number,
      );

  withStacks("plan", "waves, changes, broken policies, costs; changes nothing")
    .argument("<world-file>")
    .option("--out <file>", "write the plan there, for `up --plan`")
    .option("--region <names>", "these regions alone, by commas; may be given again", gather)
    .action((file: string, options: PlanOptions) => guarded(options, () => planIt(parts, file, options)));
  watching("up", "carry out a plan, or go on with it")
    .argument("[world-file]", "with --target local, instead of a plan: planned and carried out at once")
    .option("--plan <file>", "what `plan --out` wrote")
    .option("--confirm <world>", "the world's name, typed, allows what loses data or addresses")
    .action((file: string | undefined, options: UpOptions) => guarded(options, () => upIt(parts, file, options)));
  watching("resume", "go on with the rollout that was paused, or whose tool was killed").action((options: Options) =>
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
