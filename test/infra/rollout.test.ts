// Rollouts over a driver in a folder: success, gates, rollback, pause, abort, promote, refusals, two tools at once.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { Driver } from "../../infra/rollout/driver.ts";
import * as rollout from "../../infra/rollout/index.ts";
import { acquireLock } from "../../infra/rollout/lock.ts";
import { FolderDriver, HeldClock, usual, worldFile } from "./rollout-driver.ts";

let folder: string;
let driver: FolderDriver;
let clock: HeldClock;
let tools: rollout.RolloutTools;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "rollout-"));
  driver = new FolderDriver(join(folder, "cloud"));
  clock = new HeldClock();
  tools = { driver, folder: join(folder, "state"), clock, owner: "juliet" };
  for (const region of ["us", "eu", "ap"])
    await driver.apply(region, { file: worldFile("0.1.0"), world: undefined as never });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const states = ({ journal }: rollout.Outcome) => Object.values(journal.regions).map(({ state }) => state);
const since = (count = 3) => driver.applied.slice(count);
const upTo = async (file: object, confirm?: string) => rollout.up(tools, await rollout.plan(tools, file), confirm);

test("success: region after region, each watched for its time", async () => {
  const began = clock.now();
  const outcome = await upTo(worldFile("0.2.0"));
  expect(outcome.exitCode).toBe(0);
  expect(states(outcome)).toEqual(["done", "done", "done"]);
  expect(since()).toEqual(["us 0.2.0", "eu 0.2.0", "ap 0.2.0"]);
  expect(clock.now() - began).toBeGreaterThanOrEqual(3 * 60_000);
  expect(rollout.status(tools).lock).toBeUndefined();
});

test("a change that fails is rolled back to what was recorded, and later waves are not touched", async () => {
  driver.failing.set("eu", "the image cannot be pulled");
  const outcome = await upTo(worldFile("0.2.0"));
  expect(outcome.exitCode).toBe(rollout.exitCodes.rolledBack);
  expect(states(outcome)).toEqual(["done", "rolled back", "pending"]);
  expect(since()).toEqual(["us 0.2.0", "eu 0.2.0", "eu recover", "eu 0.1.0"]);
  expect(outcome.journal.regions.eu?.reason).toBe("the image cannot be pulled");
});

const shut: [string, Partial<rollout.RolloutTools>, Driver["health"] | undefined, RegExp][] = [
  ["a log-in fails", { probe: probe({ self: "no answer" }) }, undefined, /talks to itself: no answer/],
  ["a message is lost", { probe: probe({ exchange: "lost" }) }, undefined, /every region and back: eu: lost/],
  ["a stream does not resume", { probe: probe({ resume: "item-not-found" }) }, undefined, /resumes its stream/],
  ["a ping fails", { probe: probe({ ping: "remote-server-timeout" }) }, undefined, /S2S ping/],
  ["sessions stay away", {}, afterChange({ sessions: 79 }), /sessions are back: 79 of 100, 80 needed/],
  [
    "sessions stay away, those of the synthetic client left out",
    { probe: probe({}) },
    afterChange({ sessions: 78 }),
    /sessions are back: 78 of 100, 79 needed/,
  ],
  ["an alarm is raised", {}, afterChange({ alarms: ["event-loop"] }), /alarms are quiet: raised: event-loop/],
];

test.each(shut)("a gate stops the canary when %s", async (_, more, health, reason) => {
  if (health) driver.health = health;
  tools = { ...tools, ...more };
  const outcome = await upTo(worldFile("0.2.0"));
  expect(outcome.exitCode).toBe(rollout.exitCodes.rolledBack);
  expect(outcome.journal.regions.us?.reason).toMatch(reason);
  expect(states(outcome)).toEqual(["rolled back", "pending", "pending"]);
  expect(since()).toEqual(["us 0.2.0", "us recover", "us 0.1.0"]);
});

test("an alarm during the watching rolls back; too little traffic at its end does too", async () => {
  let looks = 0;
  driver.health = async () => ({ ...usual, alarms: ++looks > 8 ? ["links"] : [] });
  expect((await upTo(worldFile("0.2.0"))).journal.regions.us?.reason).toMatch(/alarms/);
  driver.health = async () => usual;
  const outcome = await upTo(worldFile("0.3.0", { minimumStanzas: 5 }));
  expect(outcome.journal.regions.us?.reason).toBe("enough traffic was carried: 0 stanzas, 5 needed");
});

test("an alarm that rang before holds nothing back", async () => {
  driver.health = async () => ({ ...usual, alarms: ["disk"] });
  expect((await upTo(worldFile("0.2.0"))).exitCode).toBe(0);
});

test("pause finishes the region in change and stops; resume goes on", async () => {
  driver.onApply = (region) => region === "us" && rollout.pause(tools);
  const paused = await upTo(worldFile("0.2.0"));
  expect([paused.exitCode, states(paused)]).toEqual([rollout.exitCodes.stopped, ["done", "pending", "pending"]]);
  const outcome = await rollout.resume(tools);
  expect([outcome.exitCode, states(outcome)]).toEqual([0, ["done", "done", "done"]]);
  expect(since()).toEqual(["us 0.2.0", "eu 0.2.0", "ap 0.2.0"]);
});

test("a client that meets a node which just leaves, once, at the end of the watching, is no failure", async () => {
  let tries = 0;
  const flaky = async () => {
    tries += 1;
    if (tries === 2) throw new Error("see-other-host");
  };
  tools = { ...tools, probe: { ...probe({}), self: flaky } };
  expect((await upTo(worldFile("0.2.0"))).exitCode).toBe(0);
  expect(tries).toBe(2 * 3 + 1);
});

test("abort while a region is watched rolls that region back", async () => {
  clock.onWait = () => void rollout.abort(tools);
  const outcome = await upTo(worldFile("0.2.0"));
  expect([outcome.journal.state, states(outcome)]).toEqual(["aborted", ["rolled back", "pending", "pending"]]);
  await expect(rollout.resume(tools)).rejects.toThrow(/no rollout/);
});

test("promote ends the watching of the regions that are watched, and of no later ones", async () => {
  let waits = 0;
  clock.onWait = () => {
    waits += 1;
    if (waits === 1) rollout.promote(tools);
  };
  await upTo(worldFile("0.2.0"));
  expect(waits).toBe(1 + 2 * 12);
});

test("rollback of one region and of all that the last rollout changed", async () => {
  await upTo(worldFile("0.2.0"));
  expect(states(await rollout.rollback(tools, "eu"))).toEqual(["done", "rolled back", "done"]);
  expect(since(6)).toEqual(["eu recover", "eu 0.1.0"]);
  expect(states(await rollout.rollback(tools))).toEqual(["rolled back", "rolled back", "rolled back"]);
  expect(rollout.history(tools)).toHaveLength(1);
});

test("a new region that fails is told to have nothing to go back to", async () => {
  rmSync(join(driver.folder, "us.json"));
  driver.failing.set("us", "no such zone");
  const outcome = await upTo(worldFile("0.2.0"));
  expect([outcome.exitCode, outcome.journal.state]).toEqual([rollout.exitCodes.failed, "failed"]);
  expect(outcome.journal.regions.us?.reason).toBe("no such zone (a new region: there is nothing to go back to)");
});

test("what changed since the plan is not carried out", async () => {
  const plan = await rollout.plan(tools, worldFile("0.2.0"));
  driver.more = [{ operation: "delete", type: "test", name: "surprise", keys: [] }];
  const outcome = await rollout.up(tools, plan);
  expect(outcome.exitCode).toBe(rollout.exitCodes.planChanged);
  expect(since()).toEqual([]);
});

test("a loss of data needs the world's name typed; a freeze refuses; a plan that was altered is none", async () => {
  driver.more = [{ operation: "replace", type: "aws:rds/cluster:Cluster", name: "eu", keys: ["engine"] }];
  await expect(upTo(worldFile("0.2.0"))).rejects.toThrow(/would be lost:\n {2}us: replace aws:rds\/cluster:Cluster eu/);
  await expect(upTo(worldFile("0.2.0"), "yes")).rejects.toThrow(/--confirm three/);
  expect((await upTo(worldFile("0.2.0"), "three")).exitCode).toBe(0);
  const freeze = [{ from: "2026-01-01T00:00:00Z", until: "2027-01-01T00:00:00Z", why: "holidays" }];
  await expect(upTo(worldFile("0.3.0", { freeze }), "three")).rejects.toThrow(/frozen until .*: holidays/);

  const file = join(folder, "plan.json");
  const plan = await rollout.plan(tools, worldFile("0.4.0"));
  rollout.writePlan(file, plan);
  expect(rollout.readPlan(file)).toEqual(plan);
  rollout.writePlan(file, { ...plan, target: worldFile("6.6.6") });
  expect(() => rollout.readPlan(file)).toThrow(/altered/);
});

test("two tools at once: the second is told who has the lock; whoever loses it by force changes nothing more", async () => {
  const lock = acquireLock(tools.folder, clock.now(), "romeo");
  await expect(upTo(worldFile("0.2.0"))).rejects.toThrow(/romeo on .* has been rolling out/);
  lock.release();
  driver.onApply = (region) => {
    if (region !== "us") return;
    rollout.unlock(tools);
    acquireLock(tools.folder, clock.now(), "tybalt");
  };
  await expect(upTo(worldFile("0.2.0"))).rejects.toThrow(/lost its lock: tybalt took it/);
  expect(since()).toEqual(["us 0.2.0"]);
  expect(rollout.status(tools).lock?.owner).toBe("tybalt");
});

/** A probe of which some calls fail. */
function probe(failing: Partial<Record<keyof rollout.Probe, string>>): rollout.Probe {
  const call = (name: keyof rollout.Probe) => async () => {
    const reason = failing[name];
    if (reason !== undefined) throw new Error(reason);
  };
  return { self: call("self"), exchange: call("exchange"), resume: call("resume"), ping: call("ping") };
}

/** Usual health once, then something else. */
function afterChange(changed: Partial<rollout.RegionHealth>): Driver["health"] {
  let first = true;
  return async () => {
    if (!first) return { ...usual, ...changed };
    first = false;
    return usual;
  };
}
