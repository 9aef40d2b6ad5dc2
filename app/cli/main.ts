// The command line: `npx meridian …`. Nothing is loaded before what is compiled is kept, so that it is kept of all of it.
import { keepCompiled } from "../compile-cache.ts";

keepCompiled();
const { run } = await import("./run.ts");
process.exitCode = await run(process.argv.slice(2));
