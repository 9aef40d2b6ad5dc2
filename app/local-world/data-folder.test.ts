import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { openDataFolder } from "./data-folder.ts";
import { identify } from "./process-identity.ts";

const base = mkdtempSync(join(tmpdir(), "meridian-folder-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
const world = { world: "w", domain: "w.test" };
let folders = 0;
const next = () => join(base, String(folders++), "deep");

test("it keeps values, and forgets them where it begins anew", () => {
  const path = next();
  const first = openDataFolder(path, world);
  first.write("ports.json", { us: 1 });
  writeFileSync(join(path, "mine.txt"), "mine");
  first.release();
  const second = openDataFolder(path, world);
  expect(second.read("ports.json")).toEqual({ us: 1 });
  second.release();
  const fresh = openDataFolder(path, world, { fresh: true });
  expect(fresh.read("ports.json")).toBeUndefined();
  expect(readdirSync(path)).toContain("mine.txt");
  fresh.release();
});

test("it is one process's at a time, and a dead process's no longer", () => {
  const path = next();
  const folder = openDataFolder(path, world);
  expect(() => openDataFolder(path, world)).toThrow(`process ${process.pid} runs a world in it`);
  folder.release();
  // The number of a process that died may be another's now.
  writeFileSync(join(path, "lock"), JSON.stringify({ ...identify(), started: "1" }));
  openDataFolder(path, world).release();
  writeFileSync(join(path, "lock"), "not JSON");
  openDataFolder(path, world).release();
});

test("somebody's own folder is left alone", () => {
  const path = next();
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "thesis.txt"), "x");
  expect(() => openDataFolder(path, world, { fresh: true })).toThrow("holds something else");
  expect(readdirSync(path)).toEqual(["thesis.txt"]);
});

test("another world's folder is not taken, unless to begin anew", () => {
  const path = next();
  openDataFolder(path, world).release();
  expect(() => openDataFolder(path, { world: "v", domain: "v.test" })).toThrow("it holds the world w (w.test)");
  expect(readdirSync(path)).not.toContain("lock");
  openDataFolder(path, { world: "v", domain: "v.test" }, { fresh: true }).release();
});

test("thrown away, it is gone", () => {
  const path = next();
  openDataFolder(path, world).release({ remove: true });
  expect(() => readdirSync(path)).toThrow("ENOENT");
});
