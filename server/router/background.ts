// Work that nobody waits for: its failure is told to the log, and never ends the process.
import type { Logger } from "pino";

/** Lets `work` go on by itself. */
export function inBackground(work: void | Promise<void>, log: Logger): void {
  work?.catch((error: unknown) => log.error({ err: error }, "background work failed"));
}
