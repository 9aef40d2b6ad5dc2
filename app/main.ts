// The process of one node: `node app/main.ts serve --config FILE`.
import { parseArgs } from "node:util";
import { Mistake } from "../contract/told.ts";
import { keepCompiled } from "./compile-cache.ts";

keepCompiled();

/** Exit codes: 0 after an orderly end, 1 where the node could not start or failed, 2 for a wrong use or configuration. */
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** System and argument errors that mean a wrong setting rather than a failure. */
const WRONG_USE = /^(EADDRINUSE|EADDRNOTAVAIL|EACCES|ERR_PARSE_ARGS_)/;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { config: { type: "string" } },
    allowPositionals: true,
    strict: true,
  });
  if (positionals[0] !== "serve" || values.config === undefined) throw new UsageError("usage: serve --config FILE");
  const { serve } = await import("./serve.ts");
  await serve(values.config);
}

class UsageError extends Mistake {
  override name = "UsageError";
}

main().catch((error: Error & { code?: string }) => {
  const wrong = error instanceof Mistake || WRONG_USE.test(error.code ?? "");
  process.stderr.write(`${error.message}\n`);
  process.exit(wrong ? EXIT_USAGE : EXIT_FAILED);
});
