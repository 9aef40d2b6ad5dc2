// Rollouts through three regions of real servers: success, and bad settings and a bad version stopped at the canary.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Element } from "ltx";
import type { LocalClient } from "../../app/local-world/client.ts";
import { localDriver } from "../../infra/rollout/drivers/local.ts";
import * as rollout from "../../infra/rollout/index.ts";
import { parseWorld } from "../../regions/world.ts";
import { brokenVersion, RealWorld } from "./real-world.ts";
import { worldFile } from "./rollout-driver.ts";

const minute = 60_000;
let folder: string;
let real: RealWorld;
let tools: rollout.RolloutTools;
let others: LocalClient[];

const file = (image: string, more: object = {}) => ({
  ...worldFile(image, { bakeSeconds: 0, sessionShare: 0 }),
  domains: { global: "meridian.test" },
  ...more,
});

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "rollout-real-"));
  real = await RealWorld.start({ file: file("0.1.0"), world: parseWorld(file("0.1.0")) }, folder);
  tools = { driver: localDriver(real), probe: real, folder: join(folder, "state"), gateMs: 5_000, lookMs: 200 };
  others = await Promise.all(["eu", "ap"].map((region) => real.logIn(region, "stays")));
}, minute);

afterAll(async () => {
  for (const client of others ?? []) client.close();
  await real?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Throws when one of the clients that stay has lost its stream. */
async function stillConnected(): Promise<void> {
  for (const client of others) await client.ask("get", undefined, new Element("ping", { xmlns: "urn:xmpp:ping" }));
}

const states = ({ journal }: rollout.Outcome) => Object.values(journal.regions).map(({ state }) => state);
const up = async (target: object) => rollout.up(tools, await rollout.plan(tools, target));

test(
  "settings that break federation are found at the canary; it goes back, clients of other regions stay on",
  async () => {
    real.applied.length = 0;
    const outcome = await up(file("0.2.0", { federation: { enabled: false } }));
    expect(outcome.exitCode).toBe(rollout.exitCodes.rolledBack);
    expect(outcome.journal.regions.us?.reason).toMatch(/^messages to every region and back: eu: /);
    expect(states(outcome)).toEqual(["rolled back", "pending", "pending"]);
    expect(real.applied).toEqual(["us 0.2.0", "us 0.1.0"]);
    await real.exchange("us", "ap");
    await stillConnected();
  },
  minute,
);

test(
  "a version that does not start is found at the canary; it goes back, clients of other regions stay on",
  async () => {
    real.applied.length = 0;
    const outcome = await up(file(brokenVersion));
    expect(states(outcome)).toEqual(["rolled back", "pending", "pending"]);
    expect(outcome.journal.regions.us?.reason).toBe("us ended before it listened");
    expect(real.applied).toEqual([`us ${brokenVersion}`, "us 0.1.0"]);
    await real.self("us");
    await stillConnected();
  },
  minute,
);

test(
  "success: three waves, every pair talks after each of them",
  async () => {
    real.applied.length = 0;
    const outcome = await up(file("0.2.0", { federation: { requireValidCertificate: true } }));
    expect([outcome.exitCode, states(outcome)]).toEqual([0, ["done", "done", "done"]]);
    expect(real.applied).toEqual(["us 0.2.0", "eu 0.2.0", "ap 0.2.0"]);
  },
  minute,
);
