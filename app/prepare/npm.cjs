// Runs the machine's npm, never through a Node that the installation is about to take away.
"use strict";

const { spawn } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

/** The environment without this folder's own node_modules/.bin, and without npm's view of another folder. */
function environment(root) {
  const own = path.join(root, "node_modules");
  const PATH = (process.env.PATH || "")
    .split(path.delimiter)
    .filter((folder) => !path.resolve(folder).startsWith(own))
    .join(path.delimiter);
  const env = Object.assign({}, process.env, { PATH });
  for (const name of Object.keys(env)) {
    if (
      /^npm_(package|lifecycle|config_(local_prefix|global|prefix|omit|include|production|json|loglevel))/i.test(name)
    )
      delete env[name];
  }
  return env;
}

/** How npm is called: by the Node that runs it now, or whatever the PATH has. */
function command(root) {
  const script = process.env.npm_execpath;
  const node = process.env.npm_node_execpath;
  const usable = script && node && /npm-cli\.c?js$/.test(script) && fs.existsSync(script) && fs.existsSync(node);
  const own = path.join(root, "node_modules") + path.sep;
  if (usable && !fs.realpathSync(node).startsWith(own)) return { file: node, before: [script] };
  return { file: process.platform === "win32" ? "npm.cmd" : "npm", before: [] };
}

/** Runs npm and resolves with `{ code, output }`; what it prints is kept and not shown. A signal ends it: code null. */
function npm(root, args, signal) {
  const { file, before } = command(root);
  return new Promise((resolve, reject) => {
    const shell = process.platform === "win32" && before.length === 0;
    const child = spawn(file, before.concat(args), {
      cwd: root,
      env: environment(root),
      stdio: ["ignore", "pipe", "pipe"],
      shell,
    });
    let output = "";
    const keep = (bytes) => {
      output = (output + bytes).slice(-20000);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", (error) => reject(new Error(`npm could not be started (${error.message}); is it installed?`)));
    const stop = () => child.kill("SIGTERM");
    process.once("exit", stop);
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    child.on("close", (code) => {
      process.removeListener("exit", stop);
      signal.removeEventListener("abort", stop);
      resolve({ code, output });
    });
  });
}

/** The lines of npm's output that say what is wrong. */
function reasonOf(output) {
  const lines = output
    .split("\n")
    .filter((line) => /^npm (error|ERR!)/.test(line))
    .map((line) => line.replace(/^npm (error|ERR!)\s*/, ""))
    .filter((line) => line !== "" && !/^A complete log|^(Usage|Options):/.test(line));
  return (lines.length > 0 ? lines : output.split("\n")).slice(0, 8).join("\n  ").trim();
}

/** The error for an installation of `what` that failed: the reason by npm's output, and what can be done about it. */
function notInstalled(what, output) {
  return new Error(`npm could not install ${what}.\n  ${reasonOf(output)}\n${advice(output)}`);
}

function advice(output) {
  if (/ENOTFOUND|ETIMEDOUT|ECONNREFUSED|ECONNRESET|EAI_AGAIN|network/i.test(output))
    return "The package registry cannot be reached: check the network, the proxy, and `npm config get registry`.";
  if (/EACCES|EPERM/.test(output)) return "The folder node_modules cannot be written: check its owner.";
  if (/ENOSPC/.test(output)) return "The disk is full: about 700 MB are needed.";
  return "`npm ci` shows the whole of it.";
}

module.exports = { notInstalled, npm };
