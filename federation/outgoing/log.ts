// Lines of the log about streams of ours: whoever writes to many domains, or has many, causes no more than so many of them.
import type { FederationContext } from "../way/context.ts";
import type { Facts } from "../way/progress.ts";

/** What a line is about. */
export interface Line {
  /** The remote domain; of a link every line is written. */
  readonly domain: string;
  /** Address that a stream went to; "" where none was reached. */
  readonly address: string;
  readonly facts: Facts;
}

/** Writes a line, or counts it where so many came lately from that network. */
export function logLine(
  { linked, log, dialled }: FederationContext,
  level: "info" | "warn",
  text: string,
  { domain, address, facts }: Line,
): void {
  if (linked.has(domain)) log[level](facts, text);
  else dialled.tell({ peer: address, name: domain }, facts, text, level);
}
