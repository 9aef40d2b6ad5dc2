// What the programs load is compiled once for all their starts, from the first module on.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

/** Modules that a start did not have to compile. Where they are kept is the program's own choice. */
function keptOf(program: string, args: readonly string[]): string[] {
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  const { stderr } = spawnSync(process.execPath, [join(import.meta.dirname, program), ...args], {
    env: { ...env, NODE_OPTIONS: "", NODE_DEBUG_NATIVE: "COMPILE_CACHE" },
    encoding: "utf8",
  });
  return [...stderr.matchAll(/^\[compile cache\] V8 code cache for \w+ (\S+) was accepted/gm)].map(([, at = ""]) => at);
}

test.each([
  ["cli/main.ts", ["no-such-command"], ["app/cli/run.ts", "app/cli/account.ts", "commander/lib/command.js"]],
  ["main.ts", ["serve", "--config", "/nowhere/node.json"], ["app/serve.ts", "app/node.ts", "server/node.ts"]],
])("%s", (program, args, loaded) => {
  keptOf(program, args);
  const kept = keptOf(program, args);
  for (const module of loaded) expect(kept).toContainEqual(expect.stringMatching(`/${module}$`));
});
