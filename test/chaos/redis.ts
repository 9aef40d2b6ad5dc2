// Experiment 3: Redis killed under load and started again empty: the nodes rebuild what it knew.
import { Crowd } from "./crowd.ts";
import type { ChaosOptions } from "./options.ts";
import { atMost, bookFigures, plain, type Report, report } from "./report.ts";
import { accidents, onSite } from "./start-site.ts";
import { sleep, until } from "./wait.ts";

/** s that Redis is away. */
const AWAY = 2;
const RIGHT_WITHIN = 10;

export function redis(options: ChaosOptions): Promise<Report> {
  return onSite(options, options.clients + 2, async (site) => {
    const server = site.redis?.[0];
    if (server === undefined) throw new Error("this experiment is about a cluster with Redis");
    const direct = (index: number) => site.nodes[index % site.nodes.length]!;
    const within = RIGHT_WITHIN * options.patience;
    // Neighbours are on different nodes: what they write needs the bus.
    const crowd: Crowd = new Crowd(site, {
      clients: options.clients,
      pick: (client) => direct(crowd.clients.indexOf(client)),
    });
    // Two clients of one account on two nodes see each other's presence.
    const watchers = [0, 1].map((index) => {
      const one = new Crowd(site, { clients: 1, first: options.clients, pick: () => direct(index) }).clients[0]!;
      Object.assign(one.options, { resource: `watcher${index}` });
      return one;
    });
    try {
      await crowd.come();
      for (const watcher of watchers) watcher.come();
      const seesOther = (status: string) => async () => {
        const [first, second] = watchers as [(typeof watchers)[0], (typeof watchers)[0]];
        first.present(status);
        await sleep(100);
        return second.seen.get(`${first.bare}/watcher0`) === status;
      };
      const sawBefore = await until(seesOther("before"), 10_000);
      crowd.load(options.rate);
      await sleep(2000);
      const began = performance.now();
      await server.stop("SIGKILL");
      await sleep(AWAY * 1000);
      await server.start();
      const up = performance.now();
      // Right again: everybody's message to another node arrives at once, and presence crosses as well.
      const routes = until(async () => await everyoneReached(crowd), 2 * within * 1000);
      const sees = until(seesOther("after"), 2 * within * 1000);
      const routed = (await routes) ? (performance.now() - up) / 1000 : Number.POSITIVE_INFINITY;
      const present = (await sees) ? (performance.now() - up) / 1000 : Number.POSITIVE_INFINITY;
      await sleep(options.seconds * 1000);
      crowd.quiet();
      await crowd.settle(20_000);
      const noticed = crowd.absences(began).length;
      // What no client asked for must not come only once it logs in again.
      const late = crowd.book.open().length;
      await crowd.collect(20_000);
      const verdict = crowd.book.verdict();
      return report(
        "Redis killed and empty again",
        site.name,
        [
          plain("clients", options.clients),
          atMost("presence between nodes before", sawBefore ? 0 : 1, 0),
          atMost("routing right again, s", routed, within, " s"),
          atMost("presence right again, s", present, within, " s"),
          atMost("processes that ended", accidents(site).length, 0),
          atMost("clients that noticed", noticed, 0),
          atMost("messages that waited for a new log-in", late, 0),
          ...bookFigures(verdict),
        ],
        verdict,
        await crowd.explain(site),
      );
    } finally {
      crowd.stop();
      for (const watcher of watchers) watcher.stop();
    }
  });
}

/** ms that a message may take to count as routed rather than found in the end. */
const AT_ONCE_MS = 1000;

/** True where everybody writes to the partner, and each message arrives at once. */
export async function everyoneReached(crowd: Crowd): Promise<boolean> {
  const ids = crowd.clients.map((client) => client.message(crowd.partner(client)));
  return await until(() => ids.every((id) => crowd.book.wasReceived(id)), AT_ONCE_MS);
}
