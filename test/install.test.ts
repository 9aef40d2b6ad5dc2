// The script of `npm test -- --install`, with an apt-get that only writes down how it was called.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { beforeEach, expect, test } from "@jest/globals";
import { INSTALL } from "./install.ts";

let folder: string;
let policy: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "install-"));
  policy = join(folder, "policy");
});

/** Runs it where `apt-get` is this script; it finds the policy as $policy. */
function install(aptGet: string) {
  writeFileSync(join(folder, "apt-get"), `#!/bin/sh\n${aptGet}\n`, { mode: 0o755 });
  const env = { ...process.env, policy, PATH: [folder, process.env.PATH].join(delimiter) };
  // A group of its own, as a terminal's Ctrl-C is for everybody of it.
  const child = spawn("/bin/sh", ["-c", INSTALL, "sh", policy, "some", "packages"], { env, detached: true });
  return { child, ended: once(child, "close"), begun: once(child.stderr, "data") };
}

const calls = () => readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
const noting = 'echo "$*" >> "$(dirname "$policy")/calls"; [ -x "$policy" ] || exit 9';

test("services are kept from starting while packages are installed, and no longer", async () => {
  expect((await install(noting).ended)[0]).toBe(0);
  expect(calls()).toEqual(["--quiet=2 update", "--quiet=2 install --yes --no-install-recommends some packages"]);
  expect(existsSync(policy)).toBe(false);
});

test("a machine's own policy stays", async () => {
  writeFileSync(policy, "#!/bin/sh\n", { mode: 0o755 });
  expect((await install(noting).ended)[0]).toBe(0);
  expect(readFileSync(policy, "utf8")).toBe("#!/bin/sh\n");
});

test("where apt-get fails it ends with that, and nothing stays", async () => {
  expect((await install("exit 100").ended)[0]).toBe(100);
  expect(existsSync(policy)).toBe(false);
});

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("interrupted by %s, nothing stays", async (signal) => {
  const { child, ended, begun } = install("echo begun >&2; exec cat /dev/zero");
  await begun;
  expect(existsSync(policy)).toBe(true);
  process.kill(-(child.pid ?? 0), signal);
  expect((await ended)[0]).toBe(130);
  expect(existsSync(policy)).toBe(false);
});
