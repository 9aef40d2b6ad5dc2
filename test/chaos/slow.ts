// Experiment 5: readers that stop reading, so that their window is zero. They must cost little, and others nothing.
import type { LoadClient } from "./client.ts";
import { Crowd } from "./crowd.ts";
import { quantile } from "./evidence.ts";
import type { ChaosOptions } from "./options.ts";
import { atMost, plain, type Report, report } from "./report.ts";
import type { SiteNode } from "./site.ts";
import { onSite } from "./start-site.ts";
import { sleep } from "./wait.ts";
import { connectedTo, keptMiB, rssMiB, Watch } from "./watch.ts";

/** Clients that chat beside the readers, and clients that write to these. */
const OTHERS = 40;
const WRITERS = 8;
/** Characters of a message to a slow reader, and messages a second to all of them, within bounds for each. */
const LENGTH = 16_000;
const FLOOD = 200;
const LEAST_EACH = 1;
const MOST_EACH = 8;
const CUT_WITHIN = 60;
/** ms below which a p99 is the machine's own. */
const FLOOR_MS = 10;
/** ms between two looks at what the node keeps, while they read and while they do not: a collection costs others time. */
const LOOK = 3_000;

export function slow(options: ChaosOptions): Promise<Report> {
  const readers = options.clients;
  return onSite(options, readers + OTHERS + WRITERS, async (site) => {
    const direct = site.nodes[0]!;
    const pick = () => direct;
    const slowOnes = new Crowd(site, { clients: readers, pick, jitterMs: 600_000 });
    const others = new Crowd(site, { clients: OTHERS, first: readers, pick });
    const writers = new Crowd(site, { clients: WRITERS, first: readers + OTHERS, pick });
    try {
      await Promise.all([slowOnes.come(), others.come(), writers.come()]);
      others.load(options.rate);
      const seconds = options.seconds;
      // First they read: what the flood by itself costs is no fault of slow readers.
      const ports = new Map<number, number>();
      const isCut = (reader: LoadClient) => Number.isFinite(ports.get(reader.localPort ?? 0));
      const stopFlood = flood(writers.clients, slowOnes.clients, isCut);
      await sleep(2000);
      const reading = performance.now();
      const reads = mostKept(direct);
      await sleep((seconds * 1000) / 2);
      const stalled = performance.now();
      const before = await reads.most();
      const resident = rssMiB([direct]);
      const stall = mostKept(direct);
      const watch = new Watch([direct], 500);
      for (const client of slowOnes.clients) {
        ports.set(client.localPort ?? 0, Number.POSITIVE_INFINITY);
        client.pause();
      }
      await cutOff(direct.port, ports, stalled, (CUT_WITHIN + 5) * 1000);
      const ended = performance.now();
      const most = await stall.most();
      stopFlood();
      watch.stop();
      others.quiet();
      await others.settle(10_000);
      const p99 = (from: number, to: number) => quantile(others.book.latencies(from, to), 0.99);
      const [calm, stuck] = [p99(reading, stalled), p99(stalled, ended)];
      const cut = [...ports.values()].map((at) => (at - stalled) / 1000);
      const { lost } = others.book.verdict();
      return report("slow readers", site.name, [
        plain("readers", readers),
        plain("cut off", cut.filter(Number.isFinite).length),
        atMost("the last cut off after, s", Math.max(...cut), CUT_WITHIN * options.patience, " s"),
        atMost("memory of each reader, MiB", Math.max(0, most - before) / readers, 1, " MiB"),
        plain("growth of the node with its garbage, MiB", watch.rssMiB - resident),
        plain("others' p99 while they read, ms", calm),
        plain("others' p99 while they do not, ms", stuck),
        atMost("ratio", stuck / Math.max(calm, FLOOR_MS * options.patience), 1.5 * options.patience),
        atMost("others' messages lost", lost.length, 0),
      ]);
    } finally {
      for (const crowd of [slowOnes, others, writers]) crowd.stop();
    }
  });
}

/** Looks at what a node keeps until it is asked for the most of it, MiB. */
function mostKept(node: SiteNode): { most(): Promise<number> } {
  let over = false;
  let wake = () => {};
  const looking = (async () => {
    let most = 0;
    for (;;) {
      most = Math.max(most, await keptMiB(node));
      if (over) return most;
      const timer = setTimeout(() => wake(), LOOK);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      clearTimeout(timer);
    }
  })();
  return {
    most() {
      over = true;
      wake();
      return looking;
    },
  };
}

/** Writers send to readers in turn, but not to those that are cut off. Returns what ends it. */
function flood(
  writers: readonly LoadClient[],
  readers: readonly LoadClient[],
  isCut: (reader: LoadClient) => boolean,
): () => void {
  const each = Math.min(MOST_EACH, Math.max(LEAST_EACH, FLOOD / readers.length));
  let turn = 0;
  let owed = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    owed = Math.min(readers.length, owed + ((now - last) / 1000) * each * readers.length);
    last = now;
    for (; owed >= 1; owed -= 1) {
      const reader = readers[turn % readers.length]!;
      const writer = writers[turn % writers.length]!;
      turn += 1;
      if (isCut(reader)) continue;
      writer.stanza(`<message to='${reader.bare}' type='chat'><body>${"x".repeat(LENGTH)}</body></message>`);
    }
  }, 20);
  return () => clearInterval(timer);
}

/** Notes when the server's end of each connection went, until all are gone or for `mostMs`. */
async function cutOff(port: number, ports: Map<number, number>, since: number, mostMs: number): Promise<void> {
  for (;;) {
    const now = performance.now();
    const open = connectedTo(port);
    for (const [own, at] of ports) if (at === Number.POSITIVE_INFINITY && !open.has(own)) ports.set(own, now);
    const all = [...ports.values()].every(Number.isFinite);
    if (all || now - since > mostMs) return;
    await sleep(100);
  }
}
