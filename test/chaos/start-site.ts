// The site that a run is about, ended again whatever happens.
import { startCluster } from "./cluster.ts";
import { startControl } from "./control.ts";
import type { ChaosOptions } from "./options.ts";
import type { Site } from "./site.ts";

/** Starts Meridian's cluster or the control's server, and ends it when `work` is done or failed. */
export async function onSite<T>(
  { against, nodes }: ChaosOptions,
  accounts: number,
  work: (site: Site) => Promise<T>,
): Promise<T> {
  const site = await (against === undefined ? startCluster({ nodes, accounts }) : startControl(against, accounts));
  try {
    return await work(site);
  } finally {
    await site.end();
  }
}

/** Ends of processes that nobody asked for. */
export function accidents(site: Site): string[] {
  return site.nodes.flatMap((node) => node.accidents);
}

/** Stack traces in the logs of the nodes. */
export function stackTraces(site: Site): number {
  return site.nodes.reduce((sum, node) => sum + node.log().split('"stack":').length - 1, 0);
}

/** What nodes log of deaths, others' and their own: who took whom for dead, and why. */
export const DEATHS =
  /a node's lease ran out|a node's process is gone|a node's end was told|taken for dead|lease was lost/;

/** Lines of the nodes' logs that match, each behind its node's name. */
export function linesOf({ nodes }: Site, pattern: RegExp): string[] {
  return nodes.flatMap((node) => {
    const lines = node.log().split("\n");
    return lines.filter((line) => pattern.test(line)).map((line) => `${node.name}: ${line}`);
  });
}
