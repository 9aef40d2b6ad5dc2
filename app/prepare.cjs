// Makes the machine ready before an npm script runs: packages as the lock says, and the pinned Node in node_modules/.bin.
// Runs on whatever Node the machine has, from 18 on: CommonJS, no packages. `node app/prepare.cjs [production|all]`
"use strict";

const major = Number(process.versions.node.split(".")[0]);
if (major < 18) {
  process.stderr.write(`Meridian needs Node 18 or newer to start; this is ${process.version}.\n`);
  process.exit(1);
}

const path = require("node:path");
const { developmentInstalled, installPackages, packagesMissing } = require("./prepare/packages.cjs");
const {
  fetchPinnedNode,
  pinnedNodeIsThere,
  pinnedNodeWorks,
  pinnedVersion,
  requireLibraries,
} = require("./prepare/pinned-node.cjs");
const { readStamp, stampFor, writeStamp } = require("./prepare/stamp.cjs");
const { withLock } = require("./prepare/lock.cjs");

const root = path.resolve(__dirname, "..");

/** Standard error, so that `npm start --silent -- --json` prints JSON alone. */
function say(text) {
  process.stderr.write(`${text}\n`);
}

/** True when nothing is to be done: what a start costs every time. */
function isReady(wanted) {
  const stamp = readStamp(root);
  if (!pinnedNodeIsThere(root)) return false;
  return stamp !== undefined && stamp.lock === stampFor(root) && (stamp.packages === "all" || wanted === "production");
}

async function prepare(wanted) {
  if (isReady(wanted)) return;
  await withLock(root, say, async () => {
    // Another run may have done it while this one waited.
    if (isReady(wanted)) return;
    // What was installed whole stays whole, so that `npm start` never takes a developer's tools away.
    const packages = developmentInstalled(root) ? "all" : wanted;
    const missing = packagesMissing(root, packages).length > 0;
    const works = pinnedNodeWorks(root);
    if (!works) requireLibraries(root);
    // An installation takes the pinned Node away with everything else.
    const [node] = await bothOrNeither([
      (signal) => (works && !missing ? undefined : fetchPinnedNode(root, say, signal)),
      (signal) => (missing ? installPackages(root, packages, say, signal) : undefined),
    ]);
    if (node) node.place();
    writeStamp(root, { lock: stampFor(root), packages });
    say(`Ready: Node ${pinnedVersion(root)} and every package are in place.`);
  });
}

/**
 * Does both at once. The first fault ends the other, so that it is told at once: a Node that lacks a library is known
 * minutes before every package is there. It is waited for all the same: nothing is left running, or lying about.
 */
async function bothOrNeither(works) {
  const ending = new AbortController();
  let fault;
  const outcomes = await Promise.allSettled(
    works.map(async (work) => {
      try {
        return await work(ending.signal);
      } catch (error) {
        if (fault === undefined) fault = error;
        ending.abort();
        throw error;
      }
    }),
  );
  if (fault === undefined) return outcomes.map(({ value }) => value);
  for (const { value } of outcomes) if (value) value.discard();
  throw fault;
}

const wanted = process.argv[2] === "production" ? "production" : "all";
prepare(wanted).catch((error) => {
  say(`\nMeridian could not be made ready: ${error.message}`);
  process.exit(1);
});
