// Pulumi's entries with the example settings, and a global stack that answers to a StackReference.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import { findings } from "../../infra/policies.ts";
import { loadWorld } from "../../regions/world.ts";
import { globalOf } from "./global-outputs.ts";
import { record } from "./recorder.ts";

const root = new URL("../..", import.meta.url).pathname;
const world = loadWorld(join(root, "regions/worlds/two-regions-small.json"));

/** The settings of an example: lines of `project:key: value`. */
function settings(example: string): Record<string, string> {
  const text = readFileSync(join(root, "infra/examples", `${example}.yaml`), "utf8");
  const lines = [...text.matchAll(/^ {2}([a-z-]+:[A-Za-z]+): "?([^"\n]+)"?$/gm)];
  return Object.fromEntries(lines.map(([, key = "", value = ""]) => [key, value]));
}

/** Runs an entry in its project's folder, as Pulumi does. */
async function run(project: "global" | "region", example: string, stack: string, preview: boolean) {
  const before = process.cwd();
  process.chdir(join(root, "infra", project));
  pulumi.runtime.setAllConfig(settings(example));
  try {
    const outputs = { "organization/meridian-global/two-regions-small": globalOf(world) };
    const entry = `../../infra/${project}/index.ts?${stack}-${preview}`;
    return await record(() => import(entry), { project: `meridian-${project}`, stack, preview, outputs });
  } finally {
    process.chdir(before);
  }
}

const stacks = [
  ["global", "global", "two-regions-small"],
  ["region", "region-eu", "eu"],
  ["region", "region-us", "us"],
] as const;

test.each(stacks)("infra/%s with the example %s, in preview and update", async (project, example, stack) => {
  const [preview, update] = [await run(project, example, stack, true), await run(project, example, stack, false)];
  expect(findings(update.resources)).toEqual([]);
  const names = ({ resources }: typeof update) => resources.map(({ type, name }) => `${type} ${name}`).toSorted();
  expect(names(preview)).toEqual(names(update));
  expect(update.resources.length).toBeGreaterThan(project === "global" ? 10 : 100);
});

test("every setting of the examples is one that the programs know", () => {
  for (const [project, example] of stacks) {
    const entry =
      readFileSync(join(root, "infra", project, "index.ts"), "utf8") +
      readFileSync(join(root, "infra/settings.ts"), "utf8");
    for (const key of Object.keys(settings(example))) {
      const [, name = ""] = key.split(":");
      expect([key, entry.includes(`"${name}"`)]).toEqual([key, true]);
    }
  }
});
