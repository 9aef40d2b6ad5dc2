// Experiment 5: readers that stop reading, so that their window is zero. They must cost little, and others nothing.
import type { LoadClient } from "./client.ts";
import { Crowd } from "./crowd.ts";
import { Looks } from "./looks.ts";
import type { ChaosOptions } from "./options.ts";
import { atMost, plain, type Report, report } from "./report.ts";
import { onSite } from "./start-site.ts";
import { sleep } from "./wait.ts";

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
/** ms until a load that has just begun is steady. */
const STEADY = 2_000;
/** ms between two looks at which connections there are. */
const POLL = 1_000;

export function slow(options: ChaosOptions): Promise<Report> {
  const readers = options.clients;
  return onSite(options, readers + OTHERS + WRITERS, async (site) => {
    const node = site.nodes[0]!;
    const pick = () => node;
    const slowOnes = new Crowd(site, { clients: readers, pick, jitterMs: 600_000 });
    const others = new Crowd(site, { clients: OTHERS, first: readers, pick });
    const writers = new Crowd(site, { clients: WRITERS, first: readers + OTHERS, pick });
    try {
      await Promise.all([slowOnes.come(), others.come(), writers.come()]);
      others.load(options.rate);
      /** When each reader's connection was gone at the server, by the port of its own end. */
      const cut = new Map(slowOnes.clients.map(({ localPort }) => [localPort ?? 0, Number.POSITIVE_INFINITY]));
      const isCut = ({ localPort }: LoadClient) => Number.isFinite(cut.get(localPort ?? 0));
      const stopFlood = flood(writers.clients, slowOnes.clients, isCut);
      await sleep(STEADY);
      const looks = new Looks(node);
      // First they read: what the same load costs then is no fault of slow readers.
      const reading = performance.now();
      await observe(cut, looks, reading + options.seconds * 1000);
      const stalled = performance.now();
      const resident = looks.rssMiB;
      for (const client of slowOnes.clients) client.pause();
      await observe(cut, looks, stalled + (CUT_WITHIN * options.patience + 5) * 1000);
      const ended = performance.now();
      stopFlood();
      others.quiet();
      await others.settle(10_000);
      const [calm, stuck] = [looks.p99(others.book, reading, stalled), looks.p99(others.book, stalled, ended)];
      const [before, most] = [looks.usual(reading, stalled), looks.most(stalled, ended)];
      const after = [...cut.values()].map((at) => (at - stalled) / 1000);
      const { lost } = others.book.verdict();
      const ratio = stuck / Math.max(calm, FLOOR_MS);
      return report("slow readers", site.name, [
        plain("readers", readers),
        plain("cut off", after.filter(Number.isFinite).length),
        atMost("the last cut off after, s", Math.max(...after), CUT_WITHIN * options.patience, " s"),
        plain("kept by the node while they read, MiB", before),
        plain("kept by the node while they do not, MiB", most),
        atMost("memory of each reader, MiB", Math.max(0, most - before) / readers, 1, " MiB"),
        plain("growth of the node with its garbage, MiB", looks.rssMiB - resident),
        plain("others' p99 while they read, ms", calm),
        plain("others' p99 while they do not, ms", stuck),
        // Where time is everybody's, bytes alone decide.
        options.patience > 1 ? plain("ratio", ratio) : atMost("ratio", ratio, 1.5),
        atMost("others' messages lost", lost.length, 0),
      ]);
    } finally {
      for (const crowd of [slowOnes, others, writers]) crowd.stop();
    }
  });
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

/** Looks at the node, and notes when the server's end of each connection went, until a time or until all are gone. */
async function observe(cut: Map<number, number>, looks: Looks, end: number): Promise<void> {
  for (;;) {
    const now = performance.now();
    const open = looks.connected();
    for (const [own, at] of cut) if (at === Number.POSITIVE_INFINITY && !open.has(own)) cut.set(own, now);
    const gone = [...cut.values()].filter(Number.isFinite).length;
    if (gone === cut.size || now > end) return;
    // Once the first is gone the rest follow, and how others fare meanwhile is what counts.
    if (gone === 0) await looks.memory();
    await sleep(POLL);
  }
}
