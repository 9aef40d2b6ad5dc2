// Looks at a node and its connections, and how others fare between them: a look costs everybody time.
import type { Evidence } from "./evidence.ts";
import { quantile } from "./evidence.ts";
import type { SiteNode } from "./site.ts";
import { connectedTo, keptMiB, rssMiB } from "./watch.ts";

/** ms between two looks at what a node keeps. */
const EVERY = 3_000;
/** ms before and behind a look whose messages are not asked how long they took. */
const AROUND = 100;
/** Looks in a row whose median counts: what is there for one look alone is no cost of who waits. */
const IN_A_ROW = 3;

/** The looks at one node. Times are ms of `performance.now()`. */
export class Looks {
  /** Highest resident set, MiB. */
  rssMiB = 0;
  private readonly node: SiteNode;
  private readonly spans: { readonly from: number; readonly to: number }[] = [];
  private readonly kept: { readonly at: number; readonly mib: number }[] = [];

  constructor(node: SiteNode) {
    this.node = node;
  }

  /** Ports of clients whose connections the node holds open. */
  connected(): Set<number> {
    const from = performance.now();
    const open = connectedTo(this.node.port);
    this.note(from);
    return open;
  }

  /** Looks at what the node keeps, if it is time. */
  async memory(): Promise<void> {
    const from = performance.now();
    if (from - (this.kept.at(-1)?.at ?? 0) < EVERY) return;
    this.rssMiB = Math.max(this.rssMiB, rssMiB([this.node]));
    this.kept.push({ at: from, mib: await keptMiB(this.node) });
    this.note(from);
  }

  /** What the node keeps as a rule in this span of time, MiB. */
  usual(from: number, to: number): number {
    return quantile(this.keptWithin(from, to), 0.5);
  }

  /** The most that it keeps over some looks in a row, MiB. */
  most(from: number, to: number): number {
    const kept = this.keptWithin(from, to);
    const rows = kept.map((_, at) => kept.slice(at, at + IN_A_ROW)).filter(({ length }) => length === IN_A_ROW);
    return Math.max(...rows.map((row) => quantile(row, 0.5)));
  }

  /** 99th percentile of the time that messages took which were sent in this span, and not around a look; ms. */
  p99(book: Evidence, from: number, to: number): number {
    const latencies: number[] = [];
    let last = from;
    for (const span of [...this.spans, { from: to, to }]) {
      const until = Math.min(span.from - AROUND, to);
      if (until > last) latencies.push(...book.latencies(last, until));
      last = Math.max(last, span.to + AROUND);
    }
    return quantile(latencies, 0.99);
  }

  private note(from: number): void {
    this.spans.push({ from, to: performance.now() });
  }

  private keptWithin(from: number, to: number): number[] {
    return this.kept.filter(({ at }) => at >= from && at < to).map(({ mib }) => mib);
  }
}
