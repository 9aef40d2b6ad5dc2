// One preparation at a time for a folder: others wait for it and then find the work done.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

/** ms between two looks at a lock that another process holds. */
const LOOK_EVERY = 300;

/**
 * Outside node_modules, which an installation empties; and in the folder itself, where nobody can put one who may not
 * change what is run here anyway.
 */
function lockFile(root) {
  return path.join(root, ".preparing");
}

function take(file) {
  try {
    fs.writeFileSync(file, `${process.pid} ${startOf(process.pid) ?? ""}`, { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    return false;
  }
}

/** When a process was started, in the system's own measure; undefined where that is not told (macOS), or it is gone. */
function startOf(pid) {
  try {
    // Behind the name, which may hold anything: the 22nd field of all.
    return fs
      .readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ")[19];
  } catch (_error) {
    return undefined;
  }
}

/** The process that a lock's text names; undefined where it is gone, or its number is another one's by now. */
function holderOf(text) {
  const [pid, start] = text.split(" ");
  // Empty: it is just being written.
  if (text === "") return 0;
  if (!isAlive(Number(pid))) return undefined;
  return start === "" || startOf(pid) === start ? Number(pid) : undefined;
}

/** The process that holds the lock; undefined where it is gone. */
function holder(file) {
  try {
    return holderOf(fs.readFileSync(file, "utf8"));
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    return undefined;
  }
}

/** Takes away the lock of a process that died; by renaming it, so that only one of several waiters does. */
function clearDead(file) {
  const away = `${file}.${process.pid}`;
  try {
    fs.renameSync(file, away);
    // Between the look and the renaming another waiter may have taken it: then it is given back.
    if (holderOf(fs.readFileSync(away, "utf8")) !== undefined) fs.renameSync(away, file);
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
