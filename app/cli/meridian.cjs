#!/usr/bin/env node
// `npx meridian …` on whatever Node the machine has: makes the folder ready, then hands over to the pinned Node.
"use strict";

const { spawn, spawnSync } = require("node:child_process");
const path = require("node:path");

const root = path.resolve(__dirname, "..", "..");
const prepared = spawnSync(process.execPath, [path.join(root, "app", "prepare.cjs"), "production"], {
  stdio: "inherit",
});
if (prepared.status !== 0) process.exit(prepared.status || 1);

const node = path.join(root, "node_modules", ".bin", "node");
const child = spawn(node, [path.join(root, "app", "cli", "main.ts")].concat(process.argv.slice(2)), {
  stdio: "inherit",
  env: Object.assign({}, process.env, { MERIDIAN_LAUNCHER: String(process.pid) }),
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  // A terminal's Ctrl-C reaches the child by itself; what is sent to this process alone is passed on.
  process.on(signal, () => signal !== "SIGINT" && child.kill(signal));
}
child.on("error", (error) => {
  process.stderr.write(`${node} could not be started: ${error.message}\n`);
  process.exit(1);
});
child.on("exit", (code, signal) => {
  if (signal) process.kill(process.pid, "SIGKILL");
  process.exit(code === null ? 1 : code);
});
