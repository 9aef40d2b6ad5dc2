// Structured logs. Bodies, SASL exchanges and keys never get in: nothing logs a stanza.
import pino, { type Logger } from "pino";

/** The node's log: JSON lines on standard output, with the region and node on each. */
export function createLog(level: string, names: { readonly region: string; readonly node: string }): Logger {
  return pino({ level, base: { region: names.region, node: names.node }, timestamp: pino.stdTimeFunctions.isoTime });
}
