// What the lock file asks for, what is there, and the installation of what is missing.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { notInstalled, npm } = require("./npm.cjs");

/** ms between two lines of progress. */
const PROGRESS_EVERY = 5000;

function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw new Error(`${file} cannot be read: ${error.message}`);
  }
}

function wantedPackages(root, which) {
  const lock = readJson(path.join(root, "package-lock.json"));
  if (lock === undefined) throw new Error("package-lock.json is missing; is this the whole of Meridian's folder?");
  // Optional ones are for other systems, or may be left out.
  return Object.entries(lock.packages).filter(
    ([where, each]) =>
      where.startsWith("node_modules/") &&
      !each.link &&
      !each.optional &&
      !each.devOptional &&
      !(which === "production" && each.dev),
  );
}

/** Paths of packages that are not there, or in another version, by npm's own note of what it installed. */
function packagesMissing(root, which) {
  const there = readJson(path.join(root, "node_modules", ".package-lock.json"));
  const wanted = wantedPackages(root, which);
  if (there === undefined) return wanted.map(([where]) => where);
  return wanted
    .filter(([where, each]) => {
      const installed = there.packages[where];
      return installed === undefined || installed.version !== each.version || !fs.existsSync(path.join(root, where));
    })
    .map(([where]) => where);
}

/** True where a developer's packages are installed, of whatever version. */
function developmentInstalled(root) {
  const there = readJson(path.join(root, "node_modules", ".package-lock.json"));
  return there !== undefined && Object.values(there.packages).some((each) => each.dev);
}

/** Number of packages unpacked so far. */
function unpacked(root) {
  let count = 0;
  const modules = path.join(root, "node_modules");
  try {
    for (const name of fs.readdirSync(modules)) {
      if (name.startsWith(".")) continue;
      if (name.startsWith("@")) count += fs.readdirSync(path.join(modules, name)).length;
      else if (fs.existsSync(path.join(modules, name, "package.json"))) count += 1;
    }
  } catch (_error) {
    // The folder comes and goes while npm works.
  }
  return count;
}

/** Installs packages ("production" or "all") as the lock says. Install scripts never run: none is needed. */
async function installPackages(root, which, say, signal) {
  const total = wantedPackages(root, which).length;
  say(`Installing ${total} packages (the first start only) …`);
  const started = Date.now();
  const timer = setInterval(() => {
    const seconds = Math.round((Date.now() - started) / 1000);
    say(`  ${seconds} s: ${Math.min(total, unpacked(root))} of ${total}`);
  }, PROGRESS_EVERY);
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const dev = which === "production" ? "--omit=dev" : "--include=dev";
  try {
    let run = await npm(root, ["ci", dev].concat(flags), signal);
    // A registry that lacks other systems' packages makes `npm ci` refuse the lock; `npm install` reads it all the same.
    if (run.code !== 0 && /EUSAGE|in sync/.test(run.output)) {
      run = await npm(root, ["install", "--no-save", dev].concat(flags), signal);
    }
    if (run.code !== 0) throw notInstalled("the packages", run.output);
  } finally {
    clearInterval(timer);
  }
  const missing = packagesMissing(root, which);
  if (missing.length > 0) throw new Error(`npm left out ${missing.slice(0, 5).join(", ")}; run npm ci to see why`);
}

module.exports = { developmentInstalled, installPackages, packagesMissing };
