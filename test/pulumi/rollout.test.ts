// Rollouts on real Pulumi state: two regions by the Automation API, a failure rolled back, a killed tool, drift.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "@jest/globals";
import { pulumiDriver } from "../../infra/rollout/drivers/pulumi.ts";
import * as rollout from "../../infra/rollout/index.ts";
import { unless } from "../harness/needing.ts";
import { until } from "../harness/until.ts";
import { Engine, findPulumi, thorough, whySkipped } from "./engine.ts";

const skipped = whySkipped();
const { test: run } = unless(skipped);
const { test: runLong } = unless(skipped ?? (thorough ? undefined : "it takes long: `npm run test:pulumi` runs it"));
const minutes = 60_000;
const worldPath = new URL("../../regions/worlds/two-regions-small.json", import.meta.url).pathname;
const service = "aws:ecs/service:Service";
let engine: Engine;
let tools: rollout.RolloutTools;

beforeAll(async () => {
  engine = new Engine(findPulumi() ?? "");
  await engine.stack("global", "world", { world: worldPath });
  await engine.change("global", "world", "up");
  for (const region of ["eu", "us"]) {
    await engine.stack("region", region, { world: worldPath, global: "organization/meridian-global/world" });
    await engine.change("region", region, "up");
  }
  // The Automation API runs `pulumi` of this process's PATH.
  Object.assign(process.env, engine.environment);
  const folder = join(engine.folder, "rollout");
  const observe = async () => ({ sessions: 0, stanzas: 0, alarms: [] });
  const driver = pulumiDriver({ project: engine.project("region"), folder, observe, environment: engine.environment });
  tools = { driver, folder, owner: "juliet", lookMs: 10, gateMs: 100 };
}, 10 * minutes);
afterAll(() => engine?.close());

/** The example world with another image, without time of watching. */
function worldFile(image: string): object {
  const world = JSON.parse(readFileSync(worldPath, "utf8"));
  return { ...world, image, rollout: { ...world.rollout, bakeSeconds: 0 } };
}

/** The images that the services of both regions run, as the cloud has it. */
function running(): string[] {
  const things = engine.cloud.all();
  return things
    .filter((thing) => thing.type === service)
    .map((thing) => {
      const task = things.find((other) => other.outputs.arn === thing.inputs.taskDefinition);
      const containers = JSON.parse(String(task?.inputs.containerDefinitions)) as { image: string }[];
      return `${thing.region} ${containers[1]?.image.split(":").at(-1)}`;
    })
    .toSorted();
}

run(
  "plan: both regions, what changes, no policy broken, nothing lost",
  async () => {
    const plan = await rollout.plan(tools, worldFile("0.2.0"));
    expect(plan.steps.map((step) => step.regions)).toEqual([["eu"], ["us"]]);
    for (const region of plan.regions) {
      expect(region).toMatchObject({ exists: true, findings: [] });
      expect(region.changes.map(({ operation, type }) => `${operation} ${type}`)).toContain(`update ${service}`);
      expect(region.cost.after).toBe(region.cost.before);
    }
    expect(rollout.dangerous(plan)).toEqual([]);
  },
  10 * minutes,
);

run(
  "up: both regions run the new image",
  async () => {
    const outcome = await rollout.up(tools, await rollout.plan(tools, worldFile("0.2.0")));
    expect(outcome.exitCode).toBe(0);
    expect(running()).toEqual(["eu-west-1 0.2.0", "us-east-2 0.2.0"]);
  },
  10 * minutes,
);

run(
  "a call of AWS that fails at the canary: rolled back, the other region not touched",
  async () => {
    engine.fail("update", service, "ClientException: the image does not exist");
    const outcome = await rollout.up(tools, await rollout.plan(tools, worldFile("0.3.0")));
    expect(outcome.exitCode).toBe(rollout.exitCodes.rolledBack);
    expect(outcome.journal.regions.eu?.reason).toContain("the image does not exist");
    expect(outcome.journal.regions.us?.state).toBe("pending");
    expect(running()).toEqual(["eu-west-1 0.2.0", "us-east-2 0.2.0"]);
  },
  10 * minutes,
);

runLong(
  "the tool and its engine killed in the middle of an update: resume ends it",
  async () => {
    writeFileSync(join(engine.folder, "next.json"), JSON.stringify(worldFile("0.4.0")));
    const child = new URL("rollout-child.ts", import.meta.url).pathname;
    const environment = { ...engine.environment, STAND_IN_DELAY: "1500" };
    const args = [child, engine.project("region"), tools.folder, join(engine.folder, "next.json")];
    const tool = spawn(process.execPath, args, { env: environment, detached: true, stdio: "ignore" });
    const ended = once(tool, "exit");
    await until(
      "both regions run, and one is being changed",
      () => rollout.status(tools).journal?.regions.eu?.state === "applying" && running().length === 2 && changing(),
      2 * minutes,
    );
    process.kill(-(tool.pid ?? 0), "SIGKILL");
    expect((await ended)[1]).toBe("SIGKILL");
    expect(rollout.status(tools).journal?.regions.eu?.state).toBe("applying");
    const outcome = await rollout.resume(tools);
    expect(outcome.exitCode).toBe(0);
    expect(running()).toEqual(["eu-west-1 0.4.0", "us-east-2 0.4.0"]);
  },
  10 * minutes,
);

run(
  "drift: what somebody changed by hand is told, by region",
  async () => {
    const thing = engine.cloud.all().find(({ type, region }) => type === service && region === "us-east-2");
    const changed = { enableExecuteCommand: true };
    engine.cloud.put({
      ...thing!,
      inputs: { ...thing!.inputs, ...changed },
      outputs: { ...thing!.outputs, ...changed },
    });
    const found = await rollout.drift(tools, ["eu", "us"]);
    expect(found.map(({ region, changes }) => [region, changes.map(({ type }) => type)])).toEqual([
      ["eu", []],
      ["us", [service]],
    ]);
  },
  10 * minutes,
);

runLong(
  "drain: the region's health check counts as failed, and back",
  async () => {
    const inverted = () =>
      engine.cloud
        .all()
        .find((thing) => thing.type === "aws:route53/healthCheck:HealthCheck" && thing.region === "eu-west-1")?.inputs
        .invertHealthcheck;
    await rollout.drain(tools, "eu");
    expect(inverted()).toBe(true);
    await rollout.drain(tools, "eu", false);
    expect(inverted()).toBe(false);
    expect(running()).toEqual(["eu-west-1 0.4.0", "us-east-2 0.4.0"]);
  },
  10 * minutes,
);

/** Whether the killed update has changed the cloud: a task definition with the new image is there. */
function changing(): boolean {
  return engine.cloud.all().some((thing) => String(thing.inputs.containerDefinitions).includes(":0.4.0"));
}
