// What others' software a test needs: left out visibly where the machine has none of it, an error in CI.
import { describe } from "@jest/globals";
import { findProgram } from "../harness/daemon.ts";

/** A program of Debian's, by the paths it may have. */
export interface Program {
  readonly name: string;
  readonly paths: readonly string[];
}

export const PYTHON: Program = { name: "python3 with slixmpp", paths: ["/usr/bin/python3"] };
export const PROSODY: Program = { name: "prosody", paths: ["/usr/bin/prosody"] };
export const EJABBERD: Program = { name: "ejabberd", paths: ["/usr/sbin/ejabberdctl"] };
export const GO_SENDXMPP: Program = { name: "go-sendxmpp", paths: ["/usr/bin/go-sendxmpp"] };

/** `describe`, or a skipped one that says what is missing. @throws Error in CI, where everything must be there */
export function describeWith(programs: readonly Program[], name: string, tests: () => void): void {
  const missing = programs.filter(({ paths }) => findProgram(...paths) === undefined).map((program) => program.name);
  if (missing.length === 0) return describe(name, tests);
  if (process.env.CI) throw new Error(`${name} needs ${missing.join(", ")}: .ci/run installs them`);
  describe.skip(`${name} (needs ${missing.join(", ")})`, tests);
}
