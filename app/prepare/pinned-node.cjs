// The Node that runs everything: the version of the npm package `node`, put in node_modules/.bin without its script.
"use strict";

const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { notInstalled, npm } = require("./npm.cjs");

/** ms in which the program must tell its version, on a disk and a processor that are busy installing. */
const STARTS_WITHIN = 60000;

const executable = process.platform === "win32" ? "node.exe" : "node";

/** The version that the lock pins. */
function pinnedVersion(root) {
  const lock = JSON.parse(fs.readFileSync(path.join(root, "package-lock.json"), "utf8"));
  return lock.packages["node_modules/node"].version;
}

/** Package that holds the program for this system, by the naming of the package `node`. */
function programPackage() {
  const platform = process.platform === "win32" ? "win" : process.platform;
  const prefix = process.platform === "darwin" && process.arch === "arm64" ? "node-bin" : "node";
  return `${prefix}-${platform}-${process.arch}`;
}

function paths(root) {
  const modules = path.join(root, "node_modules");
  return { program: path.join(modules, "node", "bin", executable), link: path.join(modules, ".bin", "node") };
}

/** True when there is a `node_modules/.bin/node`: what can be said without starting it. */
function pinnedNodeIsThere(root) {
  return fs.existsSync(paths(root).link);
}

/** True when `node_modules/.bin/node` runs and is of the pinned version. */
function pinnedNodeWorks(root) {
  return tried(paths(root).link).version === `v${pinnedVersion(root)}`;
}

/** What it says that it is, or else what was said of why it does not run. */
function tried(file) {
  const run = spawnSync(file, ["--version"], { encoding: "utf8", timeout: STARTS_WITHIN });
  if (run.status === 0) return { version: run.stdout.trim() };
  return { fault: run.error ? run.error.message : run.stderr.trim() };
}

/** The error for a program that this system cannot run, with what an operator can do about it. */
function notRunning(version, name, fault) {
  return new Error(`Node ${version} does not run on this system (${name}).\n  ${fault}\n${advice(fault)}`);
}

function advice(fault) {
  const library = /(\S+): cannot open shared object/.exec(fault);
  if (library?.[1].startsWith("libatomic."))
    return "Install libatomic1 (Debian, Ubuntu: apt-get install libatomic1) or libatomic (Fedora), and start again.";
  if (library) return `Install the package of your system that has ${library[1]}, and start again.`;
  return "An older glibc, or musl, cannot run it.";
}

/**
 * Downloads the program while packages are installed, and tries it. Resolves with what puts it in its place, or takes it
 * away again; the installation empties node_modules, so that it waits beside.
 */
async function fetchPinnedNode(root, say, signal) {
  const version = pinnedVersion(root);
  const { program, link } = paths(root);
  say(`Fetching Node ${version} for Meridian alone (your own stays as it is) …`);
  const beside = path.join(root, "tmp", `node-${process.pid}`);
  const discard = () => fs.rmSync(beside, { recursive: true, force: true });
  const fetched = await download(root, version, beside, signal);
  const place = () => {
    fs.mkdirSync(path.dirname(program), { recursive: true });
    fs.renameSync(fetched, program);
    discard();
    fs.mkdirSync(path.dirname(link), { recursive: true });
    fs.rmSync(link, { force: true });
    fs.symlinkSync(path.relative(path.dirname(link), program), link);
    if (!pinnedNodeWorks(root)) throw new Error(`${link} does not run`);
  };
  return { place, discard };
}

/**
 * Throws where a library is missing that the pinned Node needs beyond what every Node does: known before anything is
 * fetched, and not minutes later.
 */
function requireLibraries(root) {
  const version = pinnedVersion(root);
  const name = programPackage();
  const { libraries } = held();
  for (const library of libraries[name] || []) {
    const fault = faultOfLoading(library);
    if (fault !== undefined) throw notRunning(version, name, fault);
  }
}

/** Why the system's loader does not find a library; undefined where it does. */
function faultOfLoading(library) {
  try {
    process.dlopen({ exports: {} }, library);
  } catch (error) {
    // Whatever it finds is no addon of Node's, and so an error as well.
    if (/cannot open shared object/.test(error.message)) return error.message;
  }
  return undefined;
}

/** What is known of the pinned version, as kept beside this file. */
function held() {
  return JSON.parse(fs.readFileSync(path.join(__dirname, "node-integrity.json"), "utf8"));
}

/** What the package of this system hashes to. Without that nothing is fetched. */
function integrityOf(name, pinned) {
  const { version, integrity: hashes } = held();
  const integrity = version === pinned ? hashes[name] : undefined;
  if (integrity !== undefined) return integrity;
  throw new Error(`app/prepare/node-integrity.json has no hash of ${name}@${pinned}, so it is not fetched`);
}

/** By a lock file of its own: npm refuses what hashes to anything else (EINTEGRITY). */
async function download(root, version, beside, signal) {
  const name = programPackage();
  const integrity = integrityOf(name, version);
  try {
    const dependencies = { [name]: version };
    const packages = { "": { dependencies }, [`node_modules/${name}`]: { version, integrity } };
    fs.mkdirSync(beside, { recursive: true });
    fs.writeFileSync(path.join(beside, "package.json"), JSON.stringify({ dependencies }));
    fs.writeFileSync(path.join(beside, "package-lock.json"), JSON.stringify({ lockfileVersion: 3, packages }));
    const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    const run = await npm(root, ["ci", "--prefix", beside].concat(flags), signal);
    if (run.code !== 0) throw notInstalled(`${name}@${version}`, run.output);
    const fetched = path.join(beside, "node_modules", name, "bin", executable);
    const { version: found, fault = `it is ${found}` } = tried(fetched);
    if (found === `v${version}`) return fetched;
    throw notRunning(version, name, fault);
  } catch (error) {
    fs.rmSync(beside, { recursive: true, force: true });
    throw error;
  }
}

module.exports = { fetchPinnedNode, pinnedNodeIsThere, pinnedNodeWorks, pinnedVersion, requireLibraries };
