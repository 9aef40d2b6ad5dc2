// Waits beside a run of the tests until that has ended, however it ended, and takes away what it left.
// `keeper.ts FOLDER`; standard input ends with the run.
import { rmSync } from "node:fs";
import { RUN_MARK } from "./mark.ts";
import { endMarked } from "./processes.ts";

const [folder = ""] = process.argv.slice(2);
// A terminal's Ctrl-C is for the run; its end is told by standard input.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
for await (const _ of process.stdin);
await endMarked(`${RUN_MARK}=${folder}`);
rmSync(folder, { recursive: true, force: true });
