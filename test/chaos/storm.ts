// Experiment 6: everybody cut off at the same moment. All come back, and nobody is taken for a guesser of passwords.
import { Crowd } from "./crowd.ts";
import { quantile } from "./evidence.ts";
import type { ChaosOptions } from "./options.ts";
import { atMost, plain, type Report, report } from "./report.ts";
import { onSite } from "./start-site.ts";
import { patiently, sleep, until } from "./wait.ts";
import { Watch } from "./watch.ts";

const ONLINE_WITHIN = 60;
const LOOP_MS = 200;

export function storm(options: ChaosOptions): Promise<Report> {
  const { clients } = options;
  return onSite(options, clients + 1, async (site) => {
    const crowd = new Crowd(site, { clients, jitterMs: options.seconds * 1000 });
    const steady = new Crowd(site, { clients: 1, first: clients });
    try {
      await crowd.come(300_000);
      await steady.come();
      await sleep(1000);
      const watch = new Watch(site.nodes, 1000);
      const pings: number[] = [];
      let over = false;
      const pinging = (async () => {
        for (; !over; await sleep(50)) pings.push(await steady.clients[0]!.ping());
      })();
      const began = performance.now();
      for (const client of crowd.clients) client.drop();
      const all = await until(
        () => crowd.clients.every(({ online }) => online),
        ONLINE_WITHIN * options.patience * 2000,
      );
      const took = all ? (performance.now() - began) / 1000 : Number.POSITIVE_INFINITY;
      await watch.look();
      over = true;
      await patiently(pinging, 2000);
      watch.stop();
      const resumed = crowd.clients.filter(({ absences }) => absences.at(-1)?.resumed).length;
      // Another server tells nothing of its event loop: what a client feels of it is told of both.
      const loop = Number.isNaN(watch.loopMs)
        ? []
        : [atMost("event-loop delay p99, ms", watch.loopMs, LOOP_MS * options.patience, " ms")];
      return report("storm of reconnects", site.name, [
        plain("clients", clients),
        plain("first attempts spread over, s", options.seconds),
        atMost("all online after, s", took, ONLINE_WITHIN * options.patience, " s"),
        plain("resumed", resumed),
        ...loop,
        plain("a steady client's ping, p50 ms", quantile(pings, 0.5)),
        plain("a steady client's ping, p99 ms", quantile(pings, 0.99)),
        atMost("false authentication failures", crowd.authFailures.length, 0),
        plain("log-ins asked to come again", crowd.authPostponed),
        plain("conditions", [...new Set(crowd.authFailures)].join(", ")),
        plain("stream errors, failed resumptions", crowd.errors),
      ]);
    } finally {
      crowd.stop();
      steady.stop();
    }
  });
}
