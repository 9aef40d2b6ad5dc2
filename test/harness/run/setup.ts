// Before all test files: a folder for the run, and a keeper that outlives it.
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RUN_MARK } from "./mark.ts";

declare global {
  /** The keeper of this run, for `teardown.ts`. */
  var meridianKeeper: ChildProcess | undefined;
}

export default function setUp(): void {
  const folder = mkdtempSync(join(tmpdir(), "meridian-"));
  chmodSync(folder, 0o711);
  // Without the environment: it carries no mark, neither of this run nor of one around it.
  const keeper = spawn(process.execPath, [join(import.meta.dirname, "keeper.ts"), folder], {
    cwd: "/",
    detached: true,
    env: {},
    stdio: ["pipe", "ignore", "inherit"],
  });
  globalThis.meridianKeeper = keeper;
  process.env[RUN_MARK] = folder;
}
