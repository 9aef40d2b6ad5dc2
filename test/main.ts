// `npm test`: style, types and every test, and at the end what was not run. `--install` installs what tests need first.
// Other arguments go to Jest.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { installSoftware } from "./install.ts";

const root = join(import.meta.dirname, "..");
const bin = (name: string) => join(root, "node_modules/.bin", name);

/** Runs a program to its end. What it keeps of compiled code, as tsc does, is beside the packages and not in /tmp. */
function run(command: string, ...args: string[]): number {
  const env = { NODE_COMPILE_CACHE: join(root, "node_modules/.cache/compiled"), ...process.env };
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", env });
  if (error !== undefined) throw error;
  return status ?? 1;
}

const jest = ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning", "node_modules/jest/bin/jest.js"];
const args = process.argv.slice(2);
const others = args.filter((arg) => arg !== "--install");
process.exitCode =
  (others.length < args.length ? installSoftware() : 0) ||
  run(bin("biome"), "check", ".") ||
  run(bin("tsc"), "-p", ".") ||
  run(process.execPath, ...jest, ...others);
