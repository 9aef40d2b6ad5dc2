// Installs what the tests need of Debian's packages, where that may be done: as root, or by sudo without a password.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { ALL, installCommand, missingOf, packagesOf } from "./harness/software.ts";

/** Whoever wants to start a service at its installation asks this first (invoke-rc.d). */
const POLICY = "/usr/sbin/policy-rc.d";

/** Installs what is missing, and starts nothing of it: the well-known ports stay free. Returns an exit code. */
export function installSoftware(): number {
  const packages = packagesOf(missingOf(ALL.map(([need]) => need)));
  if (packages.length === 0) return say("Everything that the tests need is installed.", 0);
  const sudo = process.getuid?.() === 0 ? [] : ["sudo", "--non-interactive"];
  if (!existsSync("/usr/bin/apt-get"))
    return say(`This is no Debian: install what ${packages.join(", ")} stand for by other means.`, 2);
  if (sudo.length > 0 && !succeeds([...sudo, "true"]))
    return say(`That needs root, or sudo without a password. Run:\n  ${installCommand(packages)}`, 2);
  say(`Installing ${packages.join(" ")} …`, 0);
  const own = !existsSync(POLICY);
  const shell = (script: string, ...args: string[]) => succeeds([...sudo, "/bin/sh", "-c", script, "sh", ...args]);
  if (own && !shell(`printf '#!/bin/sh\\nexit 101\\n' > ${POLICY} && chmod +x ${POLICY}`)) return 1;
  try {
    const apt = [...sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet=2"];
    if (!succeeds([...apt, "update"])) return 1;
    if (!succeeds([...apt, "install", "--yes", "--no-install-recommends", ...packages])) return 1;
  } finally {
    if (own) shell(`rm -f ${POLICY}`);
  }
  return 0;
}

function say(text: string, code: number): number {
  process.stderr.write(`${text}\n`);
  return code;
}

function succeeds([command = "", ...args]: readonly string[]): boolean {
  // What apt-get tells of each package is for nobody; what goes wrong is on standard error.
  return spawnSync(command, args, { stdio: ["ignore", "ignore", "inherit"] }).status === 0;
}
