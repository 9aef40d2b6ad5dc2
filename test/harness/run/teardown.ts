// After all test files: what they left is taken away, and the run ends though something should hold it.
import { once } from "node:events";

/** ms that the process has to end by itself. */
const ENDS_WITHIN = 5_000;

export default async function tearDown(): Promise<void> {
  const keeper = globalThis.meridianKeeper;
  if (keeper !== undefined && keeper.exitCode === null) {
    keeper.stdin?.end();
    await once(keeper, "exit");
  }
  if (globalThis.meridianLeftOut) process.stderr.write(`\n${globalThis.meridianLeftOut}\n`);
  setTimeout(() => {
    const held = [...new Set(process.getActiveResourcesInfo())].join(", ");
    process.stderr.write(`A test left something open (${held}); the run is ended all the same.\n`);
    // Jest sets the exit code while the process exits.
    process.exit();
  }, ENDS_WITHIN).unref();
}
