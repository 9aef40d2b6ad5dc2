// Time from spawn to the first stream features.
import { median, type Row, ratio, type Table } from "./harness/figures.ts";
import { prepareServer } from "./harness/server.ts";
import { cpuMicros } from "./harness/usage.ts";
import type { Options } from "./options.ts";

/** Starts each server again and again; the very first start, which makes databases and caches, is told apart. */
export async function start(options: Options): Promise<Table[]> {
  const figures = [];
  for (const name of options.servers) {
    const prepared = await prepareServer(name, { accounts: 2, nodeFlags: options.nodeFlags });
    const times: number[] = [];
    const cpus: number[] = [];
    for (let round = 0; round <= options.rounds; round += 1) {
      const server = await prepared.start();
      times.push(server.startMs);
      cpus.push(cpuMicros(server.pid) / 1000);
      await server.stop();
    }
    const [first = Number.NaN, ...later] = times;
    figures.push({ name, first, ms: median(later), cpu: median(cpus.slice(1)) });
  }
  const ours = figures.find(({ name }) => name === "meridian")?.ms;
  const rows: Row[] = figures.map(({ name, first, ms, cpu }) => ({
    server: name,
    ms,
    "meridian / this": ratio(ours, ms),
    "first ms": first,
    "CPU ms": cpu,
  }));
  return [{ title: `start: spawn to first stream features; median of ${options.rounds} starts`, rows }];
}
