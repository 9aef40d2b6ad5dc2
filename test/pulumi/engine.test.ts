// The programs of `infra/` through the real engine's CLI: preview, up, up again, a change, drift, destroy.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Engine, findPulumi, whySkipped } from "./engine.ts";

const skipped = whySkipped();
const run = skipped ? test.skip : test;
const minutes = 60_000;
const world = new URL("../../regions/worlds/two-regions-small.json", import.meta.url).pathname;
let engine: Engine;

if (skipped) test(`the real Pulumi engine is left out: ${skipped}`, () => {});

beforeAll(() => {
  if (!skipped) engine = new Engine(findPulumi() ?? "");
});
afterAll(() => engine?.close());

run(
  "the global stack: preview, up, nothing left to do",
  async () => {
    await engine.stack("global", "world", { world });
    const preview = await engine.change("global", "world", "preview");
    expect(await engine.change("global", "world", "up")).toEqual(preview);
    const again = await engine.change("global", "world", "up");
    expect(Object.keys(again)).toEqual(["same"]);
  },
  5 * minutes,
);

run.each(["eu", "us"])(
  "region %s: preview, up, nothing left to do",
  async (region) => {
    await engine.stack("region", region, { world, global: "organization/meridian-global/world" });
    const preview = await engine.change("region", region, "preview");
    expect(await engine.change("region", region, "up")).toEqual(preview);
    const again = await engine.change("region", region, "up");
    expect(Object.keys(again)).toEqual(["same"]);
  },
  5 * minutes,
);
