// What a run of the tests leaves behind, however it ends: nothing. Runs of Jest inside this one, over a test that leaves everything.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

const root = join(import.meta.dirname, "../../..");
const leaves = join(import.meta.dirname, "fixtures/leaves.ts");
const PATIENCE = 60_000;

interface Left {
  readonly pids: readonly number[];
  readonly folder: string;
}

interface Run {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly ended: Promise<unknown[]>;
  /** What the test says that it has started, once it has. */
  readonly left: Promise<Left>;
}

/** `how` tells the test whether to fail, or to wait for ever. */
function runLeaving(how: "fails" | "waits"): Run {
  const args = ["--experimental-vm-modules", join(root, "node_modules/jest/bin/jest.js"), "--testMatch", leaves];
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, LEAVES: how },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  const left = new Promise<Left>((resolve, reject) => {
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const found = /^LEFT (.*)$/m.exec(said)?.[1];
      if (found !== undefined) resolve(JSON.parse(found) as Left);
    });
    child.on("close", () => reject(new Error(said)));
  });
  return { child, said: () => said, ended: once(child, "close"), left };
}

function runs(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.startsWith("Z") === false;
  } catch {
    return false;
  }
}

async function expectNothingLeft({ pids, folder }: Left): Promise<void> {
  expect(pids).toHaveLength(3);
  const late = performance.now() + PATIENCE;
  // Nobody's children any more: there is no event to wait for.
  const leftNow = () => [...pids.filter(runs), ...readdirSync(tmpdir()).filter((name) => name.startsWith("meridian-"))];
  while (leftNow().length > 0 && performance.now() < late) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(leftNow()).toEqual([]);
  expect(existsSync(folder)).toBe(false);
}

test(
  "a test that fails leaves no server and no folder, and the run ends by itself with its own exit code",
  async () => {
    const run = runLeaving("fails");
    const left = await run.left;
    expect((await run.ended)[0]).toBe(1);
    await expectNothingLeft(left);
    expect(run.said()).toContain("leaves.ts left a process running, ended now");
  },
  2 * PATIENCE,
);

test(
  "a run that is killed leaves nothing either",
  async () => {
    const run = runLeaving("waits");
    const left = await run.left;
    run.child.kill("SIGKILL");
    await expectNothingLeft(left);
  },
  2 * PATIENCE,
);
