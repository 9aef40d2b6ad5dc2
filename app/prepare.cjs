// Makes the machine ready before an npm script runs: packages as the lock says, and the pinned Node in node_modules/.bin.
// Runs on whatever Node the machine has, from 18 on: CommonJS, no packages. `node app/prepare.cjs [production|all]`
"use strict";

const major = Number(process.versions.node.split(".")[0]);
if (major < 18) {
  process.stderr.write(`Meridian needs Node 18 or newer to start; this is ${process.version}.\n`);
  process.exit(1);
}

const path = require("node:path");
const { installPackages, packagesMissing } = require("./prepare/packages.cjs");
const { installPinnedNode, pinnedNodeWorks, pinnedVersion } = require("./prepare/pinned-node.cjs");
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
  return stamp !== undefined && stamp.lock === stampFor(root) && (stamp.packages === "all" || wanted === "production");
}

async function prepare(wanted) {
  if (isReady(wanted)) return;
  await withLock(root, say, async () => {
    // Another run may have done it while this one waited.
    if (isReady(wanted)) return;
    const stamp = readStamp(root);
    // What was installed whole stays whole, so that `npm start` never takes a developer's tools away.
    let packages = stamp && stamp.packages === "all" ? "all" : wanted;
    if (packagesMissing(root, "all").length === 0) packages = "all";
    else if (packagesMissing(root, packages).length > 0) await installPackages(root, packages, say);
    if (!pinnedNodeWorks(root)) await installPinnedNode(root, say);
    writeStamp(root, { lock: stampFor(root), packages });
    say(`Ready: Node ${pinnedVersion(root)} and every package are in place.`);
  });
}

const wanted = process.argv[2] === "production" ? "production" : "all";
prepare(wanted).catch((error) => {
  say(`\nMeridian could not be made ready: ${error.message}`);
  process.exit(1);
});
