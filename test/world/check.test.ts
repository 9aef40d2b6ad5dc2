// `npm start -- --check`: what it says when all is well, and that it can fail.
import { expect, test } from "@jest/globals";
import { run, temporaryFolder } from "./command.ts";

test("seven regions write to one another and see one another come online, every pair both ways", async () => {
  const { code, stdout, stderr } = await run(["start", "--check", "--regions", "7", "--json"]);
  expect([code, stderr.match(/FAILED|→.*:/)]).toEqual([0, null]);
  const result = JSON.parse(stdout) as { ok: boolean; outcomes: { from: string; to: string; what: string }[] };
  expect(result.ok).toBe(true);
  const pairs = new Set(result.outcomes.map(({ from, to, what }) => `${from} ${to} ${what}`));
  expect(pairs.size).toBe(7 * 6 * 2);
}, 120_000);

test("regions that may not federate: it says which pairs exchanged nothing, and exits with 1", async () => {
  const { writeFileSync } = await import("node:fs");
  const { join } = await import("node:path");
  const folder = temporaryFolder();
  const place = (latitude: number) => ({ name: "somewhere", latitude, longitude: 0 });
  const world = {
    name: "closed",
    domains: { global: "closed.test" },
    regions: [
      { name: "aa", location: place(10), wave: 1, federation: { enabled: false } },
      { name: "bb", location: place(20), wave: 2 },
    ],
  };
  const file = join(folder.path, "closed.json");
  writeFileSync(file, JSON.stringify(world));
  const { code, stderr } = await run(["start", "--check", "--world", file, "--link-timeout", "4"]);
  expect(stderr).toMatch(/exchanged no stanza/);
  expect(stderr).toMatch(/aa → bb: /);
  expect(code).toBe(1);
  folder.remove();
}, 60_000);

test("its accounts leave a folder that stays", async () => {
  const folder = temporaryFolder();
  const { code, stderr } = await run(["start", "--check", "--regions", "2", "--data", folder.path]);
  expect([code, stderr.match(/stays/)]).toEqual([0, null]);
  const listed = await run(["account", "list", "--config", `${folder.path}/regions/us/node.json`]);
  expect(listed.stdout).toBe("alice@us.meridian.test\nbob@us.meridian.test\n");
  folder.remove();
}, 60_000);
