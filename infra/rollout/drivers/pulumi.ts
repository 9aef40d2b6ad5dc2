// Rolls out on AWS by Pulumi's Automation API: one stack a region, changed to a world file's value.
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type * as automation from "@pulumi/pulumi/automation/index.js";
import { makeFolder } from "../../../contract/folder.ts";
import type { PlannedResource } from "../../policies.ts";
import { worldOverride } from "../../settings.ts";
import type { Driver, Operation, Preview, RegionHealth, ResourceChange, Target } from "../driver.ts";

export interface PulumiDriverOptions {
  /** Folder of the region project: `infra/region`. Its stacks are named as the regions and exist already. */
  readonly project: string;
  /** Folder for the world files that stacks are changed to; the rollout's own. */
  readonly folder: string;
  /** How a region is; CloudWatch tells it in production. */
  readonly observe: (region: string) => Promise<RegionHealth>;
  /** Variables of the Pulumi CLI beside the process's own. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The event of the engine that this driver looks at. */
type Step = automation.StepEventMetadata;

/** The driver of Pulumi stacks. */
export function pulumiDriver(options: PulumiDriverOptions): Driver {
  const withStack = async <T>(
    region: string,
    target: Target | undefined,
    act: (stack: automation.Stack) => Promise<T>,
  ) => act(await selectStack(options, region, target));
  return {
    name: "pulumi",
    current: (region) =>
      withStack(region, undefined, async (stack) => {
        const file: unknown = (await stack.outputs()).world?.value;
        return file;
      }),
    preview: (region, target) => withStack(region, target, previewOf),
    apply: (region, target, tell) =>
      withStack(region, target, async (stack) => {
        await stack.up({ onOutput: lines(tell), suppressProgress: true });
      }),
    recover: (region) => withStack(region, undefined, recover),
    drift: (region) =>
      withStack(region, undefined, async (stack) => {
        const steps: Step[] = [];
        await stack.previewRefresh({ onEvent: ({ resOutputsEvent: seen }) => seen && steps.push(seen.metadata) });
        return steps.flatMap((step) => driftOf(step) ?? []);
      }),
    drain: (region, drained) =>
      withStack(region, undefined, async (stack) => {
        await stack.setConfig("drained", { value: String(drained) });
        const file: unknown = (await stack.outputs()).world?.value;
        // With the world that runs, whatever the file says by now.
        if (file !== undefined) stack.workspace.envVars[worldOverride] = keep(options.folder, file);
        await stack.up({ suppressProgress: true });
      }),
    health: options.observe,
  };
}

/** Pulumi's Automation API is slow to load, so it is loaded when a stack is needed. */
async function selectStack(options: PulumiDriverOptions, region: string, target: Target | undefined) {
  const { LocalWorkspace } = (await import("@pulumi/pulumi/automation/index.js")).default;
  return LocalWorkspace.selectStack(
    { stackName: region, workDir: options.project },
    {
      envVars: {
        ...options.environment,
        ...(target && { [worldOverride]: keep(options.folder, target.file) }),
      },
    },
  );
}

/** Writes a world file under the name of its content. @returns its path */
function keep(folder: string, file: unknown): string {
  const text = `${JSON.stringify(file, null, 2)}\n`;
  const path = join(folder, "worlds", `${createHash("sha256").update(text).digest("hex").slice(0, 16)}.json`);
  makeFolder(join(folder, "worlds"));
  writeFileSync(path, text);
  return path;
}

async function previewOf(stack: automation.Stack): Promise<Preview> {
  const steps: Step[] = [];
  await stack.preview({ onEvent: collect(steps), suppressProgress: true });
  return {
    changes: steps.flatMap((step) => changeOf(step) ?? []),
    resources: steps.flatMap((step) => plannedOf(step) ?? []),
  };
}

function collect(steps: Step[]): (event: automation.EngineEvent) => void {
  return (event) => {
    if (event.resourcePreEvent) steps.push(event.resourcePreEvent.metadata);
  };
}

const operations: Readonly<Record<string, Operation>> = {
  create: "create",
  update: "update",
  delete: "delete",
  replace: "replace",
};

/** A step as a change. The engine tells a replacement as three steps; `replace` stands for them. */
function changeOf(step: Step): ResourceChange | undefined {
  const operation = operations[step.op];
  // What Pulumi keeps for itself, and outputs of components, are nothing that an operator has.
  if (operation === undefined || step.type.startsWith("pulumi:pulumi:")) return undefined;
  const keys = [...new Set([...(step.diffs ?? []), ...(step.keys ?? [])])];
  return { operation, type: step.type, name: nameOf(step.urn), keys };
}

/** What a refresh found of one resource: nothing, other values, or that it is gone. */
function driftOf({ old, new: now, type, urn }: Step): ResourceChange | undefined {
  if (!old?.custom || type.startsWith("pulumi:")) return undefined;
  if (!now) return { operation: "delete", type, name: nameOf(urn), keys: [] };
  const all = [...new Set([...Object.keys(old.outputs ?? {}), ...Object.keys(now.outputs ?? {})])];
  const keys = all.filter((key) => !isDeepStrictEqual(old.outputs?.[key], now.outputs?.[key]));
  return keys.length === 0 ? undefined : { operation: "update", type, name: nameOf(urn), keys };
}

function plannedOf(step: Step): PlannedResource | undefined {
  const state = step.new;
  if (!state?.custom || step.op === "create-replacement") return undefined;
  return { type: step.type, name: nameOf(step.urn), inputs: state.inputs };
}

function nameOf(urn: string): string {
  return urn.split("::").at(-1) ?? urn;
}

/** A killed CLI leaves its lock, and calls whose end it never saw. */
async function recover(stack: automation.Stack): Promise<void> {
  await stack.cancel();
  await stack.refresh({ clearPendingCreates: true, suppressProgress: true });
}

/** The CLI's output comes in pieces; a line is told when it is whole. */
function lines(tell: (line: string) => void): (piece: string) => void {
  let rest = "";
  return (piece) => {
    const parts = `${rest}${piece}`.split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) if (line.trim() !== "") tell(line.trimEnd());
  };
}
