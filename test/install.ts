// Installs what the tests need of Debian's packages, where that may be done: as root, or by sudo without a password.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { ALL, installCommand, missingOf, packagesOf } from "./harness/software.ts";

/** Whoever wants to start a service at its installation asks this first (invoke-rc.d). */
const POLICY = "/usr/sbin/policy-rc.d";

/**
 * A shell's script: its arguments are the policy's path and the packages. Nothing that it installs is started, so that the
 * well-known ports stay free. The policy goes however it ends, by Ctrl-C as well: one that stays keeps the machine's
 * services from starting for good. What apt-get tells of each package is for nobody.
 */
export const INSTALL = `set -e
policy=$1; shift
trap 'exit 130' HUP INT TERM
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\\nexit 101\\n' > "$policy"
  chmod +x "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get --quiet=2 update > /dev/null
apt-get --quiet=2 install --yes --no-install-recommends "$@" > /dev/null
`;

/** Installs what is missing. Returns an exit code. */
export function installSoftware(): number {
  const packages = packagesOf(missingOf(ALL.map(([need]) => need)));
  if (packages.length === 0) return say("Everything that the tests need is installed.", 0);
  const sudo = process.getuid?.() === 0 ? [] : ["sudo", "--non-interactive"];
  if (!existsSync("/usr/bin/apt-get"))
    return say(`This is no Debian: install what ${packages.join(", ")} stand for by other means.`, 2);
  if (sudo.length > 0 && !succeeds([...sudo, "true"]))
    return say(`That needs root, or sudo without a password. Run:\n  ${installCommand(packages)}`, 2);
  say(`Installing ${packages.join(" ")} (some minutes) …`, 0);
  return succeeds([...sudo, "/bin/sh", "-c", INSTALL, "sh", POLICY, ...packages]) ? 0 : 1;
}

function say(text: string, code: number): number {
  process.stderr.write(`${text}\n`);
  return code;
}

function succeeds([command = "", ...args]: readonly string[]): boolean {
  // What goes wrong is on standard error.
  return spawnSync(command, args, { stdio: ["ignore", "ignore", "inherit"] }).status === 0;
}
