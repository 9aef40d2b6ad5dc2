// `meridian world init`, `check`, `cost` and `map` as a person runs them: questions at a terminal, options elsewhere.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { loadWorld } from "../../regions/world.ts";
import { unless } from "../harness/needing.ts";
import { run } from "../world/command.ts";

const folder = mkdtempSync(join(tmpdir(), "world-init-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);
const root = new URL("../..", import.meta.url).pathname;
const minutes = 60_000;
const { test: typed } = unless(spawnSync("script", ["--version"]).status === 0 ? undefined : "no `script` here");

/** Runs a command at a terminal, and types the answer to each question once it is shown. */
async function atTerminal(command: string, answers: readonly (readonly [string, string])[]): Promise<string> {
  const child = spawn("script", ["-qec", command, "/dev/null"], { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
  let shown = "";
  let seen = 0;
  const left = [...answers];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
    const [question, answer] = left[0] ?? [];
    const at = question === undefined ? -1 : shown.indexOf(question, seen);
    if (question === undefined || at < 0) return;
    seen = at + question.length;
    left.shift();
    child.stdin.write(`${answer}\n`);
  });
  await once(child, "close");
  return shown;
}

typed(
  "at a terminal everything is asked for",
  async () => {
    const node = join(root, "node_modules/.bin/node");
    const shown = await atTerminal(`${node} app/cli/main.ts world init ${at("asked.json")}`, [
      ["Name of the world:", "example"],
      ["Domain that every region serves:", "not a domain"],
      ["Domain that every region serves:", "example.org"],
      ["AWS regions, the canary first, by commas:", "eu-central-1,us-east-1"],
      ["Mail address of the operator (may be empty):", "admin@example.org"],
    ]);
    expect(shown).toContain("asked.json written: eu, us.");
    expect(loadWorld(at("asked.json"))).toMatchObject({ name: "example", rollout: { canary: "eu" } });
    const refused = await atTerminal(`${node} app/cli/main.ts world init ${at("not.json")} --name 'BAD NAME'`, []);
    expect(refused).toMatch(/--name: /);
    expect(refused).not.toContain("Domain that every region serves");
  },
  minutes,
);

test(
  "elsewhere an option that is missing is named; with all of them the world is written, checked, counted and drawn",
  async () => {
    const missing = await run(["world", "init", at("w.json"), "--name", "example"]);
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining("--domain is needed") });
    const options = ["--name", "example", "--domain", "example.org", "--regions", "eu-central-1,us-east-1"];
    expect(await run(["world", "init", at("w.json"), ...options])).toMatchObject({ code: 0 });
    expect(await run(["world", "init", at("w.json"), ...options])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--force"),
    });
    expect(await run(["world", "check", at("w.json")])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("example has 2 regions: eu, us."),
    });
    const wrong = await run(["world", "init", at("c.json"), ...options, "--contact", "not an address <b>"]);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("--contact: ") });
    const one = ["--name", "example", "--domain", "example.org", "--regions", "us-east-1"];
    await run(["world", "init", at("one.json"), ...one]);
    expect((await run(["world", "check", at("one.json")])).stdout).toContain("example has 1 region: us.");
    const cost = await run(["world", "cost", at("w.json"), "--json"]);
    expect(JSON.parse(cost.stdout)).toMatchObject({
      regions: [{ region: "eu" }, { region: "us" }, { region: "global" }],
    });
    await run(["world", "map", at("w.json"), "--out", at("map.svg")]);
    const map = readFileSync(at("map.svg"), "utf8");
    for (const part of ["<svg ", 'data-region="eu"', 'data-region="us"', 'data-link="eu us"', "wave 1, canary"])
      expect([part, map.includes(part)]).toEqual([part, true]);
  },
  2 * minutes,
);
