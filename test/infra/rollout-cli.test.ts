// The commands of `meridian rollout` over a driver in a folder: what they print, what they write, how they exit.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { Command } from "commander";
import { awsCredentials } from "../../app/cli/rollout/pulumi.ts";
import { rolloutCommands } from "../../app/cli/rollout.ts";
import { ask } from "../../infra/rollout/control.ts";
import { acquireLock } from "../../infra/rollout/lock.ts";
import { FolderDriver, HeldClock, worldFile } from "./rollout-driver.ts";

let folder: string;
let driver: FolderDriver;
let clock: HeldClock;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "rollout-cli-"));
  driver = new FolderDriver(join(folder, "cloud"));
  clock = new HeldClock();
  for (const region of ["us", "eu", "ap"])
    await driver.apply(region, { file: worldFile("0.1.0"), world: undefined as never });
  writeFileSync(at("world.json"), JSON.stringify(worldFile("0.2.0")));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);

/** One command line; its output and exit code. The exit code of the tests' own process is left as it was. */
async function meridian(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  const hear = (stream: "out" | "err") => (text: unknown) => {
    said[stream] += String(text);
    return true;
  };
  const out = jest.spyOn(process.stdout, "write").mockImplementation(hear("out"));
  const err = jest.spyOn(process.stderr, "write").mockImplementation(hear("err"));
  const before = process.exitCode;
  try {
    const program = new Command().exitOverride();
    rolloutCommands(program, { open: async () => ({ driver }), clock });
    await program.parseAsync(["rollout", ...args, "--state", at("state")], { from: "user" });
    return { ...said, code: Number(process.exitCode) };
  } finally {
    process.exitCode = before;
    out.mockRestore();
    err.mockRestore();
  }
}

const planned = () => meridian("plan", at("world.json"), "--out", at("plan.json"));
const up = (...more: string[]) => meridian("up", "--plan", at("plan.json"), ...more);
const json = (text: string) => JSON.parse(text) as Record<string, unknown>;

test("plan tells waves, changes and costs, and changes nothing; up carries it out, status and history tell it", async () => {
  const plan = await planned();
  expect(plan.code).toBe(0);
  expect(plan.out).toContain("canary: us\n  wave 2: eu\n  wave 3: ap");
  expect(plan.out).toContain("eu: 1 to update");
  expect(plan.out).toContain("USD a month: +0.00");
  expect(driver.applied).toHaveLength(3);

  const done = await up();
  expect(done.code).toBe(0);
  expect(driver.applied.slice(3)).toEqual(["us 0.2.0", "eu 0.2.0", "ap 0.2.0"]);
  // Progress is not mixed with the result.
  expect(done.err).toContain("canary: us\nus: previewed\nus: applying\nus: verifying\nus: baking\nus: done\n");
  expect(done.out).toMatch(/: three, done, by .*\nus {2}done\neu {2}done\nap {2}done\n$/);

  expect((await meridian("status")).out).toBe(done.out);
  const history = JSON.parse((await meridian("history", "--json")).out) as Record<string, unknown>[];
  expect(history).toMatchObject([{ world: "three", state: "done", regions: [{ region: "us" }, {}, {}] }]);
});

test("plan --region plans these alone, and names those there are", async () => {
  const plan = await meridian("plan", at("world.json"), "--region", "eu,ap", "--json");
  expect(json(plan.out)).toMatchObject({ regions: [{ region: "eu" }, { region: "ap" }] });
  const wrong = await meridian("plan", at("world.json"), "--region", "mars");
  expect(wrong).toMatchObject({ code: 2, out: "" });
  expect(wrong.err).toContain("us, eu, ap");
});

test("up refuses to lose what is stateful until the world's name is typed", async () => {
  driver.more = [{ operation: "replace", type: "aws:rds/cluster:Cluster", name: "store", keys: ["engine"] }];
  const plan = await planned();
  expect(plan.out).toContain("± replace aws:rds/cluster:Cluster store (engine)");
  expect(plan.out).toContain("will refuse it");
  for (const more of [[], ["--confirm", "threes"]]) {
    const refused = await up(...more);
    expect(refused.code).toBe(5);
    expect(refused.err).toContain("--confirm three");
  }
  expect(driver.applied).toHaveLength(3);
  expect((await up("--confirm", "three")).code).toBe(0);
  expect(driver.applied).toHaveLength(6);
});

test("a region that fails is rolled back: exit code 4, the reason told, later waves not touched", async () => {
  await planned();
  driver.failing.set("eu", "no capacity");
  const failed = await up("--json");
  expect(failed.code).toBe(4);
  expect(json(failed.out)).toMatchObject({
    exitCode: 4,
    state: "rolled back",
    regions: [
      { region: "us", state: "done" },
      { region: "eu", state: "rolled back", reason: "no capacity" },
      { region: "ap", state: "pending" },
    ],
  });
});

test("rollback puts one region back, then drift and drain reach the driver", async () => {
  await planned();
  await up();
  const back = await meridian("rollback", "--region", "eu");
  expect(back.code).toBe(0);
  expect(driver.applied.at(-1)).toBe("eu 0.1.0");
  expect((await meridian("drift")).out).toContain("ap: as it was rolled out");
  const drained: unknown[] = [];
  driver.drain = async (...args: unknown[]) => void drained.push(args);
  expect((await meridian("drain", "eu")).code).toBe(0);
  expect((await meridian("drain", "eu", "--end")).code).toBe(0);
  expect(drained).toEqual([
    ["eu", true],
    ["eu", false],
  ]);
});

test("paused by another terminal, then gone on with; paused again, and aborted", async () => {
  await planned();
  driver.onApply = () => ask(at("state"), "pause");
  expect((await up()).code).toBe(6);
  expect(driver.applied.slice(3)).toEqual(["us 0.2.0"]);
  expect((await meridian("resume")).code).toBe(6);
  expect(driver.applied.slice(3)).toEqual(["us 0.2.0", "eu 0.2.0"]);
  driver.onApply = () => {};
  expect(await meridian("abort")).toMatchObject({ code: 0, out: expect.stringContaining("ap  pending") });
  for (const what of ["resume", "abort"]) expect((await meridian(what)).code).toBe(2);
  expect(driver.applied).toHaveLength(5);
});

test("while another has the lock: pause and promote ask, abort asks, up is refused, unlock needs --force", async () => {
  await planned();
  driver.failing.set("us", "stop here");
  await up();
  const lock = acquireLock(at("state"), Date.now(), "romeo");
  expect(await up()).toMatchObject({ code: 3, err: expect.stringContaining("romeo") });
  for (const what of ["pause", "promote", "abort"]) {
    expect((await meridian(what)).code).toBe(0);
    expect(json((await meridian("status", "--json")).out)).toMatchObject({ request: what, lock: { owner: "romeo" } });
  }
  expect(await meridian("unlock")).toMatchObject({ code: 2, err: expect.stringContaining("--force") });
  expect(await meridian("unlock", "--force")).toMatchObject({ code: 0, out: expect.stringContaining("romeo") });
  expect(() => lock.check()).toThrow("lost its lock");
});

test("with nothing rolled out: status and history say so, the others are a wrong use", async () => {
  expect(await meridian("status")).toMatchObject({ code: 0, out: "nothing was rolled out yet\n" });
  expect(await meridian("history", "--json")).toMatchObject({ code: 0, out: "[]\n" });
  for (const what of ["pause", "promote", "resume", "abort", "rollback", "drift", "unlock"])
    expect(await meridian(what)).toMatchObject({ code: 2, out: "", err: expect.stringMatching(/\S/) });
  const told = json((await meridian("abort", "--json")).out);
  expect(told).toEqual({ error: "there is no rollout to abort", exitCode: 2 });
});

test("a plan that was altered is a wrong use", async () => {
  await planned();
  const text = readFileSync(at("plan.json"), "utf8");
  writeFileSync(at("plan.json"), text.replaceAll("0.2.0", "0.3.0"));
  expect(await up()).toMatchObject({ code: 2, err: expect.stringContaining("altered") });
  expect(driver.applied).toHaveLength(3);
});

const main = new URL("../../app/cli/main.ts", import.meta.url).pathname;
const world = new URL("../../regions/worlds/two-regions-small.json", import.meta.url).pathname;
/** As after `npm start` on a fresh clone, which installs production packages alone. */
const withoutSdk = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  registerHooks({ resolve(name, context, next) {
    if (name.startsWith("@pulumi/")) throw Object.assign(new Error(name), { code: "ERR_MODULE_NOT_FOUND" });
    return next(name, context);
  } });`)}`;

test.each([
  ["the SDK", ["--import", withoutSdk], "npm install"],
  ["the CLI", [], "no `pulumi` on PATH"],
])("without %s: exit code 2, and what to install", (_, options, told) => {
  const args = [...options, main, "rollout", "plan", world, "--state", at("state")];
  const ended = spawnSync(process.execPath, args, { env: { PATH: folder }, encoding: "utf8" });
  expect(ended).toMatchObject({ status: 2, stdout: "", stderr: expect.stringContaining(told) });
  expect(ended.stderr.trim().split("\n")).toHaveLength(1);
  // What needs no Pulumi works without it.
  const status = spawnSync(process.execPath, [...options, main, "rollout", "status", "--state", at("state")]);
  expect(status.status).toBe(0);
});

test("credentials of AWS: from the environment, from the AWS CLI, or a wrong use", async () => {
  const own = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "key" };
  expect(await awsCredentials(own)).toEqual({ accessKeyId: "id", secretAccessKey: "key" });
  expect(await awsCredentials({ ...own, AWS_SESSION_TOKEN: "token" })).toMatchObject({ sessionToken: "token" });
  await expect(awsCredentials({ PATH: folder })).rejects.toThrow("no AWS credentials");
  const answer = JSON.stringify({ AccessKeyId: "a", SecretAccessKey: "s", SessionToken: "t" });
  writeFileSync(at("aws"), `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 });
  expect(await awsCredentials({ PATH: folder })).toEqual({
    accessKeyId: "a",
    secretAccessKey: "s",
    sessionToken: "t",
  });
});
