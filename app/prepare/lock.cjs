// One preparation at a time for a folder: others wait for it and then find the work done.
"use strict";

const crypto = require("node:crypto");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

/** ms between two looks at a lock that another process holds. */
const LOOK_EVERY = 300;

/** Outside node_modules, which an installation empties. */
function lockFile(root) {
  const hash = crypto.createHash("sha256").update(fs.realpathSync(root)).digest("hex").slice(0, 16);
  return path.join(os.tmpdir(), `meridian-prepare-${hash}.lock`);
}

function take(file) {
  try {
    fs.writeFileSync(file, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    return false;
  }
}

/** The process that holds the lock; undefined where it is gone. */
function holder(file) {
  try {
    const pid = Number(fs.readFileSync(file, "utf8"));
    if (pid > 0) process.kill(pid, 0);
    // Empty: it is just being written.
    return pid;
  } catch (error) {
    return error.code === "EPERM" ? -1 : undefined;
  }
}

/** Takes away the lock of a process that died; by renaming it, so that only one of several waiters does. */
function clearDead(file) {
  const away = `${file}.${process.pid}`;
  try {
    fs.renameSync(file, away);
    // Between the look and the renaming another waiter may have taken it: then it is given back.
    const pid = Number(fs.readFileSync(away, "utf8"));
    if (pid > 0 && pid !== process.pid && isAlive(pid)) fs.renameSync(away, file);
    else fs.unlinkSync(away);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Runs `work` while no other process works on `root`. */
async function withLock(root, say, work) {
  const file = lockFile(root);
  let told = false;
  while (!take(file)) {
    const pid = holder(file);
    if (pid === undefined) {
      clearDead(file);
      continue;
    }
    if (!told) say(`Waiting for process ${pid}, which installs Meridian's packages …`);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  }
  const release = () => {
    try {
      fs.unlinkSync(file);
    } catch (_error) {
      // Gone already.
    }
  };
  process.once("exit", release);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));
  try {
    return await work();
  } finally {
    release();
  }
}

module.exports = { withLock };
