// How a failure is logged: with its stack, unless it is the store's outage, of which the storage tells once.
import type { Logger } from "pino";
import { isStoreAway } from "../stanza/error.ts";

/**
 * Logs that something failed. In an outage of the store this is said of every log-in and every message by the thousand,
 * while the storage itself says in one line that it is away: such a failure needs neither a stack nor an operator's eye.
 * @param facts what else the line has
 */
export function logFailure(
  log: Logger,
  error: unknown,
  text: string,
  facts: object = {},
  level: "error" | "warn" = "error",
): void {
  if (isStoreAway(error)) log.debug({ ...facts, reason: error.message }, text);
  else log[level]({ ...facts, err: error }, text);
}
