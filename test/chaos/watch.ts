// What the machine tells of a node from outside: event loop, memory, sockets.
import { readFileSync } from "node:fs";
import { memory } from "../../bench/harness/usage.ts";
import type { SiteNode } from "./site.ts";

/** Looks at nodes in turn while something happens to them. */
export class Watch {
  /** Highest 99th percentile of the event loop's delay between two looks, ms; NaN where nobody tells. */
  loopMs = Number.NaN;
  /** Highest resident set of one node, MiB. */
  rssMiB = 0;
  private readonly nodes: readonly SiteNode[];
  private readonly timer: NodeJS.Timeout;
  private looking = false;

  constructor(nodes: readonly SiteNode[], everyMs = 2000) {
    this.nodes = nodes;
    // What was before is not counted: a look begins the node's histogram anew.
    void this.delays();
    this.timer = setInterval(() => void this.look(), everyMs);
  }

  /** One more look. */
  async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    for (const { pid } of this.nodes) if (pid > 0) this.rssMiB = Math.max(this.rssMiB, memory(pid).rss / 1024);
    for (const delay of await this.delays()) this.loopMs = Math.max(Number.isNaN(this.loopMs) ? 0 : this.loopMs, delay);
    this.looking = false;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async delays(): Promise<number[]> {
    const told = await Promise.all(this.nodes.map((node) => metric(node, "nodejs_eventloop_lag_p99_seconds")));
    return told.filter((value) => value !== undefined).map((seconds) => seconds * 1000);
  }
}

/** A metric of a node without labels; undefined where it is not told. */
export async function metric({ metricsPort }: SiteNode, name: string): Promise<number | undefined> {
  if (metricsPort === undefined) return undefined;
  const answer = await fetch(`http://127.0.0.1:${metricsPort}/metrics`).catch(() => undefined);
  const value = new RegExp(`^${name} (\\S+)$`, "m").exec((await answer?.text().catch(() => "")) ?? "")?.[1];
  return value === undefined ? undefined : Number(value);
}

/** Memory that a node keeps, MiB, garbage apart; its resident set where it is not one of ours. */
export async function keptMiB(node: SiteNode): Promise<number> {
  const bytes = await node.kept();
  return bytes === undefined ? rssMiB([node]) : bytes / 1_048_576;
}

/** Resident set of all nodes together, MiB. */
export function rssMiB(nodes: readonly SiteNode[]): number {
  return nodes.reduce((sum, { pid }) => sum + memory(pid).rss / 1024, 0);
}

const ESTABLISHED = "01";

/** Ports of clients whose connections to `port` the server's end still holds open (proc(5), net/tcp). */
export function connectedTo(port: number): Set<number> {
  const found = new Set<number>();
  for (const file of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of readFileSync(file, "utf8").split("\n").slice(1)) {
      const [, local = "", remote = "", state = ""] = line.trim().split(/\s+/);
      if (state === ESTABLISHED && portOf(local) === port) found.add(portOf(remote));
    }
  }
  return found;
}

function portOf(address: string): number {
  return Number.parseInt(address.slice(address.lastIndexOf(":") + 1), 16);
}
