// Counts by remote domain with a bounded number of labels: who is not proven yet, or comes late, is counted as "other".
import type { NodeMetrics } from "../../server/index.ts";

/** What is counted for one remote domain. */
export interface RemoteCounts {
  /** Stanzas read from it. */
  in: number;
  /** Stanzas written to it. */
  out: number;
  /** Stanzas given back to their senders. */
  returned: number;
  /** Attempts to reach it that failed. */
  failures: number;
  /** Stanzas of it that were dropped or answered alone, for what is wrong with them. */
  faulty: number;
}

/** Domains that have a label of their own. */
export const LABEL_LIMIT = 200;

const noCounts = (): RemoteCounts => ({ in: 0, out: 0, returned: 0, failures: 0, faulty: 0 });

/** Counts of a node by remote domain. */
export class CountsByRemote {
  private readonly counts = new Map<string, RemoteCounts>();
  private readonly other = noCounts();

  /** What is counted for a domain that has not proven itself: nobody takes labels by names that he makes up. */
  yet(domain: string): RemoteCounts {
    return this.counts.get(domain) ?? this.other;
  }

  /** Increment what this returns; the same object for the life of the node. */
  of(domain: string): RemoteCounts {
    const known = this.counts.get(domain);
    if (known !== undefined) return known;
    if (this.counts.size >= LABEL_LIMIT) return this.other;
    const made = noCounts();
    this.counts.set(domain, made);
    return made;
  }

  /** Offers them to Prometheus. */
  describe(metrics: NodeMetrics): void {
    const values = (what: keyof RemoteCounts) => () =>
      [...this.counts, ["other", this.other] as const].map(([domain, counts]) => [{ domain }, counts[what]] as const);
    metrics.counter("meridian_s2s_stanzas_in_total", "Stanzas read, by remote domain.", ["domain"], values("in"));
    metrics.counter("meridian_s2s_stanzas_out_total", "Stanzas written, by remote domain.", ["domain"], values("out"));
    metrics.counter(
      "meridian_s2s_returned_total",
      "Stanzas given back, by remote domain.",
      ["domain"],
      values("returned"),
    );
    metrics.counter(
      "meridian_s2s_failures_total",
      "Failed attempts, by remote domain.",
      ["domain"],
      values("failures"),
    );
    metrics.counter(
      "meridian_s2s_faulty_total",
      "Stanzas dropped or answered alone for what is wrong with them, by remote domain.",
      ["domain"],
      values("faulty"),
    );
  }
}
