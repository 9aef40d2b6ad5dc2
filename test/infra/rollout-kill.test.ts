// `kill -9` of the tool in each state: the journal is whole, the dead owner's lock is taken over, and resume ends it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import * as rollout from "../../infra/rollout/index.ts";
import { regionStates } from "../../infra/rollout/journal.ts";
import { FolderDriver, HeldClock, worldFile } from "./rollout-driver.ts";

const child = new URL("rollout-child.ts", import.meta.url).pathname;

test.each(regionStates)("killed while eu is %s", async (state) => {
  const folder = mkdtempSync(join(tmpdir(), "rollout-kill-"));
  try {
    const driver = new FolderDriver(join(folder, "cloud"));
    for (const region of ["us", "eu", "ap"])
      await driver.apply(region, { file: worldFile("0.1.0"), world: undefined as never });
    const [, signal] = await once(spawn(process.execPath, [child, folder, "eu", state], { stdio: "inherit" }), "exit");
    expect(signal).toBe("SIGKILL");

    const tools = { driver, folder: join(folder, "state"), clock: new HeldClock(), owner: "romeo" };
    const before = rollout.status(tools);
    expect(before.journal?.regions.eu?.state).toBe(state);
    const outcome = await rollout.resume(tools);
    const failed = state === "failed" || state === "rolled back";
    expect(outcome.journal.state).toBe(failed ? "rolled back" : "done");
    const images = await Promise.all(["us", "eu", "ap"].map((region) => driver.current(region)));
    const expected = failed ? ["0.2.0", "0.1.0", "0.1.0"] : ["0.2.0", "0.2.0", "0.2.0"];
    expect(images.map((file) => (file as { image: string }).image)).toEqual(expected);
    // What was carried out before the end came is not carried out again.
    const again = driver.applied.filter((line) => line === "eu 0.2.0").length;
    expect(again).toBe(state === "applying" ? 2 : 1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
