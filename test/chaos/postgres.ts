// Experiment 4: PostgreSQL stopped for a while: nothing is acknowledged that is not stored, and service comes back.
import type { LoadClient } from "./client.ts";
import { Crowd } from "./crowd.ts";
import type { ChaosOptions } from "./options.ts";
import { atMost, bookFigures, plain, type Report, report } from "./report.ts";
import { accidents, onSite, stackTraces } from "./start-site.ts";
import { sleep, until } from "./wait.ts";
import { Watch } from "./watch.ts";

const BACK_WITHIN = 5;
/** MiB that a node may grow by. */
const GROWTH = 256;

export function postgres(options: ChaosOptions): Promise<Report> {
  const { clients } = options;
  // As many accounts again are offline: what is written to them needs the store.
  return onSite(options, clients * 2, async (site) => {
    const server = site.postgres;
    if (server === undefined) throw new Error("this experiment is about a cluster with PostgreSQL");
    const crowd = new Crowd(site, { clients });
    const absent = new Crowd(site, { clients, first: clients });
    for (const { options } of absent.clients) Object.assign(options, { book: crowd.book });
    try {
      await crowd.come();
      const watch = new Watch(site.nodes, 1000);
      await watch.look();
      const before = watch.rssMiB;
      crowd.load(options.rate / 2);
      const writer = writeTo(absent.clients, crowd.clients, options.rate / 2);
      await sleep(2000);
      await server.stop("SIGINT");
      const stopped = performance.now();
      await sleep(options.seconds * 1000);
      const restarting = performance.now();
      const during = writer.ids.filter((id) => {
        const at = crowd.book.acknowledgedAt(id);
        return !crowd.book.wasReturned(id) && at !== undefined && at > stopped + 100 && at < restarting;
      });
      await server.start();
      const up = performance.now();
      const stored = await firstStored(crowd, absent.clients[0]!);
      const back = stored === undefined ? Number.POSITIVE_INFINITY : (stored - up) / 1000;
      await sleep(2000);
      writer.stop();
      crowd.quiet();
      // What the absent were sent is with them once they have come.
      await absent.come();
      await crowd.settle(20_000);
      await watch.look();
      watch.stop();
      const verdict = crowd.book.verdict();
      return report(
        "PostgreSQL stopped",
        site.name,
        [
          plain("clients", clients),
          plain("stopped, s", options.seconds),
          // What was stored just before the stop may be acknowledged just after it, so a message counts by what became of it.
          plain("to absent accounts, acknowledged while it was stopped", during.length),
          atMost("first message stored after its start, s", back, BACK_WITHIN * options.patience, " s"),
          atMost("growth of a node, MiB", watch.rssMiB - before, GROWTH, " MiB"),
          atMost("processes that ended", accidents(site).length, 0),
          atMost("stack traces in logs", stackTraces(site), 0),
          atMost("clients that lost their stream", crowd.absences(0).length, 0),
          ...bookFigures(verdict),
        ],
        verdict,
        await crowd.explain(site),
      );
    } finally {
      crowd.stop();
      absent.stop();
    }
  });
}

/** Senders in turn write to absent receivers, `rate` messages a second, until stopped. */
export function writeTo(receivers: readonly LoadClient[], senders: readonly LoadClient[], rate: number) {
  const ids: string[] = [];
  let turn = 0;
  const timer = setInterval(() => {
    const sender = senders[turn % senders.length]!;
    const receiver = receivers[turn % receivers.length]!;
    turn += 1;
    if (sender.online) ids.push(sender.message(receiver));
  }, 1000 / rate);
  return { ids, stop: () => clearInterval(timer) };
}

/** When a message to an absent account was acknowledged and not returned, ms; undefined where none is. */
async function firstStored(crowd: Crowd, receiver: LoadClient): Promise<number | undefined> {
  const sender = crowd.clients.at(-1)!;
  const end = performance.now() + 30_000;
  while (performance.now() < end) {
    const id = sender.message(receiver);
    await until(() => crowd.book.acknowledgedAt(id) !== undefined || crowd.book.wasReturned(id), 1000);
    const at = crowd.book.acknowledgedAt(id);
    if (at !== undefined && !crowd.book.wasReturned(id)) return at;
    await sleep(50);
  }
  return undefined;
}
