// Who watches a remote domain, and what they are told: decisions and the heads of stanzas, never content.
import type { Facts } from "./progress.ts";

/** One thing that happened with a remote domain. */
export interface TraceEvent {
  /** ms since the epoch. */
  readonly at: number;
  readonly domain: string;
  readonly event: string;
  readonly facts: Facts;
}

/** Takes events. */
export type TraceListener = (event: TraceEvent) => void;

/** Watchers that a node has at one time. */
const WATCHER_LIMIT = 20;

/** The watchers of a node's federation. */
export class Trace {
  private readonly watchers = new Set<{ readonly domain: string; readonly listener: TraceListener }>();

  /** True where anybody watches; looked at before a stanza's head is put together. */
  get active(): boolean {
    return this.watchers.size > 0;
  }

  /** Tells `listener` what happens with `domain` (`*` for all) until the returned function is called. @throws Error */
  watch(domain: string, listener: TraceListener): () => void {
    if (this.watchers.size >= WATCHER_LIMIT) throw new Error(`there are ${WATCHER_LIMIT} watchers already`);
    const watcher = { domain, listener };
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  tell(domain: string, at: number, event: string, facts: TraceEvent["facts"]): void {
    for (const watcher of this.watchers)
      if (watcher.domain === "*" || watcher.domain === domain) watcher.listener({ at, domain, event, facts });
  }
}
