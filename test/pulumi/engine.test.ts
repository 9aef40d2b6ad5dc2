// The programs of `infra/` through the real engine's CLI: preview, up, up again, a change, drift, destroy.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { unless } from "../harness/needing.ts";
import { FILE_MARK, RUN_MARK } from "../harness/run/mark.ts";
import { Engine, findPulumi, whySkipped } from "./engine.ts";

const skipped = whySkipped();
const { test: run } = unless(skipped);
const minutes = 60_000;
const world = new URL("../../regions/worlds/two-regions-small.json", import.meta.url).pathname;
let engine: Engine;

beforeAll(() => {
  engine = new Engine(findPulumi() ?? "");
});
afterAll(() => engine?.close());

test("what an engine starts carries the marks of the run, and its files lie in the run's folder", () => {
  const { environment, folder } = engine;
  expect(environment).toMatchObject({ [RUN_MARK]: expect.any(String), [FILE_MARK]: expect.any(String) });
  expect(folder.startsWith(`${environment[FILE_MARK]}/`)).toBe(true);
});

const settings = { world, global: "organization/meridian-global/world" };

run(
  "the global stack: preview, up, nothing left to do",
  async () => {
    await engine.stack("global", "world", { world, protect: "false" });
    const preview = await engine.change("global", "world", "preview");
    expect(preview.create).toBeGreaterThan(10);
    expect(await engine.change("global", "world", "up")).toEqual(preview);
    expect(Object.keys(await engine.change("global", "world", "up"))).toEqual(["same"]);
  },
  10 * minutes,
);

run.each(["eu", "us"])(
  "region %s: preview, up, nothing left to do",
  async (region) => {
    await engine.stack("region", region, { ...settings, protect: "false" });
    const preview = await engine.change("region", region, "preview");
    expect(preview.create).toBeGreaterThan(100);
    expect(await engine.change("region", region, "up")).toEqual(preview);
    expect(Object.keys(await engine.change("region", region, "up"))).toEqual(["same"]);
  },
  10 * minutes,
);

run(
  "a changed world: the service and its task change, nothing stateful does",
  async () => {
    const changed = JSON.parse(readFileSync(world, "utf8"));
    changed.image = "0.2.0";
    const file = join(engine.folder, "world-2.json");
    writeFileSync(file, JSON.stringify(changed));
    await engine.succeed("region", ["config", "set", "--stack", "eu", "world", file]);
    const summary = await engine.change("region", "eu", "up");
    // The new image is in two task definitions, which are replaced; what names them is updated.
    expect({ ...summary, same: 0 }).toEqual({ replace: 2, update: 3, same: 0 });
  },
  10 * minutes,
);

run(
  "a call that fails leaves a stack that the next up completes",
  async () => {
    engine.fail("update", "aws:ecs/service:Service", "ServiceUnavailable: try again");
    await engine.succeed("region", ["config", "set", "--stack", "eu", "world", world]);
    const failed = await engine.run("region", ["up", "--stack", "eu", "--yes", "--skip-preview"]);
    expect(failed.code).not.toBe(0);
    expect(failed.output).toContain("ServiceUnavailable: try again");
    const summary = await engine.change("region", "eu", "up");
    expect(summary.update).toBeGreaterThan(0);
    expect(Object.keys(await engine.change("region", "eu", "up"))).toEqual(["same"]);
  },
  10 * minutes,
);

run(
  "drift: refresh sees what somebody else changed, and up puts it right",
  async () => {
    const service = engine.cloud
      .all()
      .find(({ type, region }) => type === "aws:ecs/service:Service" && region === "us-east-2");
    const drifted = { availabilityZoneRebalancing: "ENABLED" };
    engine.cloud.put({
      ...service!,
      inputs: { ...service!.inputs, ...drifted },
      outputs: { ...service!.outputs, ...drifted },
    });
    expect((await engine.change("region", "us", "refresh")).update).toBe(1);
    expect((await engine.change("region", "us", "up")).update).toBe(1);
    const mended = engine.cloud.find("aws:ecs/service:Service", service!.id);
    expect(mended?.inputs.availabilityZoneRebalancing).toBe("DISABLED");
  },
  10 * minutes,
);

run(
  "a protected region refuses to be destroyed; without protection nothing is left of it, nor of the world",
  async () => {
    await engine.succeed("region", ["config", "set", "--stack", "us", "protect", "true"]);
    await engine.change("region", "us", "up");
    const refused = await engine.run("region", ["destroy", "--stack", "us", "--yes", "--skip-preview"]);
    expect(refused.code).not.toBe(0);
    expect(refused.output).toMatch(/protect/);
    await engine.succeed("region", ["config", "set", "--stack", "us", "protect", "false"]);
    await engine.change("region", "us", "up");
    for (const region of ["eu", "us"]) await engine.change("region", region, "destroy");
    await engine.change("global", "world", "destroy");
    expect(engine.cloud.all()).toEqual([]);
  },
  10 * minutes,
);
