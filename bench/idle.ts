// Memory per idle session: many clients that logged in, sent their presence once and are silent.
import { setTimeout as sleep } from "node:timers/promises";
import { Client, forEach, within } from "./harness/client.ts";
import { type Row, ratio, type Table } from "./harness/figures.ts";
import { localpart, PASSWORD, type ServerName, type ServerUnderTest, startServer } from "./harness/server.ts";
import { cpuMicros, memory } from "./harness/usage.ts";
import type { Options } from "./options.ts";

/** Sessions before the first measurement, closed again: code is compiled, pools are filled. */
const WARM_UP = 200;
const AT_ONCE = 20;
/** Source addresses, 127.0.0.2 and up. */
const ADDRESSES = 40;
/** SCRAM iterations of the accounts: the least allowed, as 10,000 accounts log in for the first time. */
const ITERATIONS = 4096;

/** Measures one server after the other, over TCP and, where asked for, over TLS. */
export async function idle(options: Options): Promise<Table[]> {
  const rows: Row[] = [];
  for (const tls of options.tls ? [false, true] : [false]) {
    const figures: { name: ServerName; row: Row; perSession: number }[] = [];
    for (const name of options.servers) figures.push(await measure(name, tls, options));
    const ours = figures.find(({ name }) => name === "meridian")?.perSession;
    for (const { row, perSession } of figures) rows.push({ ...row, "meridian / this": ratio(ours, perSession) });
  }
  const settled = `resident memory's growth, ${options.seconds ?? 10} s after the last one became available`;
  return [{ title: `idle: ${options.sessions} sessions, each of its own account; ${settled}`, rows }];
}

async function measure(name: ServerName, tls: boolean, options: Options) {
  const { sessions, nodeFlags } = options;
  const server = await startServer(name, { accounts: sessions + WARM_UP, iterations: ITERATIONS, nodeFlags });
  const warm = await connect(server, tls, 0, WARM_UP);
  await Promise.all(warm.map((client) => client.close()));
  await sleep(1000);
  const before = memory(server.pid);
  const clients = await connect(server, tls, WARM_UP, sessions);
  const atOnce = memory(server.pid);
  await sleep((options.seconds ?? 10) * 1000);
  const after = memory(server.pid);
  const cpu = await idleCpu(server);
  for (const client of clients) client.destroy();
  await server.stop();
  const perSession = (after.rss - before.rss) / sessions;
  const row: Row = {
    server: name,
    over: tls ? "TLS" : "TCP",
    "KiB/session": perSession,
    "PSS KiB/session": (after.pss - before.pss) / sessions,
    "at once": (atOnce.rss - before.rss) / sessions,
    "MiB before": before.rss / 1024,
    "MiB after": after.rss / 1024,
    "idle CPU": `${(cpu * 100).toFixed(1)} %`,
  };
  return { name, row, perSession };
}

async function connect(server: ServerUnderTest, tls: boolean, first: number, count: number): Promise<Client[]> {
  const clients: Client[] = [];
  const once = async (index: number) => {
    const client = new Client(server, { tls, from: `127.0.0.${2 + (index % ADDRESSES)}` });
    clients.push(client);
    await client.login(localpart(first + index), PASSWORD, "PLAIN");
    await client.becomeAvailable();
  };
  await within(`${server.name}: ${count} sessions`, forEach(count, AT_ONCE, once), 600_000);
  return clients;
}

/** Share of a core that the server uses while nothing happens. */
async function idleCpu(server: ServerUnderTest): Promise<number> {
  const before = cpuMicros(server.pid);
  await sleep(2000);
  return (cpuMicros(server.pid) - before) / 2e6;
}
