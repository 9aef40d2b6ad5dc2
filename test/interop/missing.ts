// What others' software a test needs: left out visibly where the machine has none of it, an error in CI.
import { existsSync } from "node:fs";
import { describe } from "@jest/globals";

/** Software of Debian's: every one of these files is there where it is installed. */
export interface Program {
  readonly name: string;
  readonly files: readonly string[];
}

export const PYTHON: Program = {
  name: "slixmpp",
  files: ["/usr/bin/python3", "/usr/lib/python3/dist-packages/slixmpp"],
};
export const PROSODY: Program = { name: "prosody", files: ["/usr/bin/prosody"] };
export const EJABBERD: Program = { name: "ejabberd", files: ["/usr/sbin/ejabberdctl", "/usr/bin/erl"] };
export const GO_SENDXMPP: Program = { name: "go-sendxmpp", files: ["/usr/bin/go-sendxmpp"] };
export const LIBSTROPHE: Program = { name: "libstrophe-dev", files: ["/usr/include/strophe.h", "/usr/bin/cc"] };

/** `describe`, or a skipped one that says what is missing. @throws Error in CI, where everything must be there */
export function describeWith(programs: readonly Program[], name: string, tests: () => void): void {
  const missing = programs
    .filter(({ files }) => !files.every((file) => existsSync(file)))
    .map((program) => program.name);
  if (missing.length === 0) return describe(name, tests);
  if (process.env.CI) throw new Error(`${name} needs ${missing.join(", ")}: .ci/run installs them`);
  describe.skip(`${name} (needs ${missing.join(", ")})`, tests);
}
