// The note in node_modules that says for which lock file everything is installed.
"use strict";

const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

/** Hash of what decides over the content of node_modules on this system. */
function stampFor(root) {
  const lock = fs.readFileSync(path.join(root, "package-lock.json"));
  return crypto.createHash("sha256").update(`${process.platform}-${process.arch}\n`).update(lock).digest("hex");
}

function fileOf(root) {
  return path.join(root, "node_modules", ".meridian-ready");
}

/** `{ lock, packages: "production" | "all" }`, or undefined where there is none. */
function readStamp(root) {
  try {
    return JSON.parse(fs.readFileSync(fileOf(root), "utf8"));
  } catch (_error) {
    return undefined;
  }
}

function writeStamp(root, stamp) {
  const draft = `${fileOf(root)}.${process.pid}`;
  fs.writeFileSync(draft, `${JSON.stringify(stamp)}\n`);
  fs.renameSync(draft, fileOf(root));
}

module.exports = { stampFor, readStamp, writeStamp };
