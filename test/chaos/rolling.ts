// Experiment 2: every node drained and started again, one after the other, as a rollout does.

import { Crowd } from "./crowd.ts";
import { quantile } from "./evidence.ts";
import type { Absence } from "./load-wire.ts";
import type { ChaosOptions } from "./options.ts";
import { atLeast, atMost, bookFigures, plain, type Report, report } from "./report.ts";
import { onSite } from "./start-site.ts";
import { sleep } from "./wait.ts";

export function rolling(options: ChaosOptions): Promise<Report> {
  return onSite(options, options.clients, async (site) => {
    const crowd = new Crowd(site, { clients: options.clients, jitterMs: 500 });
    try {
      await crowd.come();
      crowd.load(options.rate);
      const began = performance.now();
      const drains: number[] = [];
      for (const node of site.nodes) {
        await sleep(options.seconds * 1000);
        const before = performance.now();
        await node.end("SIGTERM");
        drains.push((performance.now() - before) / 1000);
        await node.start();
      }
      await sleep(options.seconds * 1000);
      crowd.quiet();
      await crowd.settle(20_000);
      await crowd.collect(20_000);
      const absences = crowd.clients.flatMap((client): Absence[] => client.absences.filter(({ at }) => at >= began));
      const most = Math.max(
        0,
        ...crowd.clients.map((client) => client.absences.filter(({ at }) => at >= began).length),
      );
      const back = crowd.absences(began).map((ms) => ms / 1000);
      const verdict = crowd.book.verdict();
      return report(
        "rolling restart",
        site.name,
        [
          plain("clients", options.clients),
          plain("drain of a node, longest s", Math.max(...drains)),
          plain("reconnects", absences.length),
          atLeast("share resumed elsewhere", absences.filter(({ resumed }) => resumed).length / absences.length, 0.99),
          atMost("reconnects of one client", most, site.nodes.length),
          plain("back, p99 s", quantile(back, 0.99)),
          ...bookFigures(verdict),
          atMost("authentication failures", crowd.authFailures.length, 0),
          plain("stream errors, failed resumptions", crowd.errors),
        ],
        verdict,
        await crowd.explain(site),
      );
    } finally {
      crowd.stop();
    }
  });
}
