// Experiment 7: streams cut at random bytes in both directions, resumed here and on another node, under traffic.
import type { LoadClient } from "./client.ts";
import { Crowd } from "./crowd.ts";
import type { ChaosOptions } from "./options.ts";
import { atLeast, atMost, bookFigures, plain, type Report, report } from "./report.ts";
import { onSite } from "./start-site.ts";
import { sleep, until } from "./wait.ts";

/** Bytes after which a wire is cut, at most: log-in and resumption take about 1,500 of them each way. */
const LONGEST = 6000;
/** Cuts of one client that come before it is online at all, at most in a row: or nobody would ever speak. */
const EARLY = 3;

export function resume(options: ChaosOptions): Promise<Report> {
  const { clients, rate: wanted } = options;
  return onSite(options, clients, async (site) => {
    const nodes = site.nodes;
    const lastNode = new Map<LoadClient, number>();
    // Every second time to another node.
    const pick = (client: LoadClient) => {
      const last = lastNode.get(client) ?? Math.floor(Math.random() * nodes.length);
      const next = Math.random() < 0.5 ? last : (last + 1) % nodes.length;
      lastNode.set(client, next);
      return nodes[next]!;
    };
    const crowd: Crowd = new Crowd(site, { clients, pick, jitterMs: 20 });
    let cuts = 0;
    let returns = 0;
    let going = true;
    try {
      await crowd.come();
      for (const client of crowd.clients) {
        let early = 0;
        const arm = () => {
          if (!going) return;
          early = client.online ? 0 : early + 1;
          if (early > EARLY) return;
          client.cutAfter = {
            in: 1 + Math.floor(Math.random() * LONGEST),
            out: 1 + Math.floor(Math.random() * LONGEST),
          };
        };
        client.onCut = () => {
          cuts += 1;
          arm();
        };
        client.onOnline = () => {
          early = 0;
          returns += 1;
          if (client.cutAfter === undefined) arm();
        };
        arm();
      }
      const began = performance.now();
      crowd.load(clients * 10);
      await until(() => returns >= wanted, 600_000);
      going = false;
      for (const client of crowd.clients) client.cutAfter = undefined;
      await sleep(500);
      crowd.quiet();
      const seconds = (performance.now() - began) / 1000;
      await crowd.settle(20_000);
      const verdict = crowd.book.verdict();
      const absences = crowd.clients.flatMap((client) => client.absences);
      const resumed = absences.filter((one) => one.resumed);
      return report(
        "resumption after cuts at random bytes",
        site.name,
        [
          plain("clients", clients),
          plain("cuts", cuts),
          plain("in seconds", seconds),
          atLeast("share of returns that resumed", resumed.length / absences.length, 1),
          plain("resumed", resumed.length),
          plain("of them on another node", resumed.filter(({ before, after }) => before !== after).length),
          ...bookFigures(verdict, { inOrder: true }),
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
