// What a second node costs: chat within a node and across two, beside ejabberd's; and what a log-in asks of Redis.
import { Redis } from "ioredis";
import { Client, within } from "./harness/client.ts";
import { startEjabberdRegion } from "./harness/ejabberd-region.ts";
import { median, type Row, type Table } from "./harness/figures.ts";
import { CHAT_DESCRIPTION, Pairs } from "./harness/pairs.ts";
import { missingFor, type Region, type RegionCpu, startRegion } from "./harness/region.ts";
import { localpart, PASSWORD, type ServerUnderTest } from "./harness/server.ts";
import { ownCpuMicros } from "./harness/usage.ts";
import type { Options } from "./options.ts";

/** Log-ins whose commands are counted, one after the other so that none shares a command with another. */
const LOGINS = 200;

interface Side {
  readonly name: string;
  readonly region: Region;
  readonly pairs: Pairs;
}

type Round = RegionCpu & {
  /** Messages that one command to Redis carried. */
  readonly batch: number;
  readonly all: number;
  readonly perSecond: number;
  readonly load: number;
};

/** Chat on one node and across two; then the commands of log-ins. */
export async function cluster(options: Options): Promise<Table[]> {
  const missing = missingFor({ redis: true, storage: "sqlite" });
  if (missing !== undefined) return [{ title: `cluster: not measured, ${missing}`, rows: [] }];
  const { pairs, windows, rounds } = options;
  const plan = { accounts: pairs * 2, nodeFlags: options.nodeFlags, storage: "sqlite" as const };
  const alone = await startRegion({ ...plan, nodes: 1, redis: false });
  const two = await startRegion({ ...plan, nodes: 2, redis: true });
  const sides = [await connect("one node", alone, options), await connect("across two nodes", two, options)];
  if (options.servers.includes("ejabberd"))
    for (const [name, nodes] of [
      ["ejabberd, one node", 1],
      ["ejabberd, across two", 2],
    ] as const)
      sides.push(await connect(name, await startEjabberdRegion(nodes, { accounts: pairs * 2 }), options));
  for (const side of sides) for (const window of windows) await side.pairs.run(window, 3000); // warm-up
  const results = new Map<string, Round[]>();
  for (let round = 0; round < rounds; round += 1)
    for (const window of windows)
      for (const side of sides) {
        const key = `${side.name} ${window}`;
        results.set(key, [...(results.get(key) ?? []), await measure(side, window, (options.seconds ?? 5) * 1000)]);
      }
  for (const { pairs } of sides) pairs.disconnect();
  const rows = windows.flatMap((window) => rowsOf(sides, window, results));
  const commands = await commandsOfLogins(two, two.nodes[0] as ServerUnderTest);
  for (const { region } of sides) await region.stop();
  const title = `cluster: ${pairs} pairs, ${CHAT_DESCRIPTION}; CPU of every process; median of ${rounds} rounds`;
  return [{ title, rows }, commands];
}

/** Each message crosses where there are two nodes. */
async function connect(name: string, region: Region, { pairs, tls }: Options): Promise<Side> {
  const [here, there = here] = region.nodes as [ServerUnderTest, ServerUnderTest?];
  return { name, region, pairs: await Pairs.connect(here, pairs, tls, there) };
}

async function measure({ region, pairs }: Side, window: number, ms: number): Promise<Round> {
  const published = await publishes(region);
  const before = { ...region.cpu(), load: ownCpuMicros(), at: performance.now(), received: pairs.received };
  await pairs.run(window, ms);
  const messages = pairs.received - before.received;
  const after = region.cpu();
  const each = (key: keyof RegionCpu) => (after[key] - before[key]) / messages;
  const used = { nodes: each("nodes"), redis: each("redis"), database: each("database") };
  return {
    ...used,
    batch: messages / ((await publishes(region)) - published),
    all: used.nodes + used.redis + used.database,
    perSecond: (messages / (performance.now() - before.at)) * 1000,
    load: (ownCpuMicros() - before.load) / messages,
  };
}

function rowsOf(sides: readonly Side[], window: number, results: ReadonlyMap<string, readonly Round[]>): Row[] {
  const of = (name: string, key: keyof Round) =>
    median((results.get(`${name} ${window}`) ?? []).map((round) => round[key]));
  return sides.map(({ name }, index) => ({
    where: name,
    window,
    "µs/message": of(name, "all"),
    "of nodes": of(name, "nodes"),
    "of Redis": of(name, "redis"),
    "times one node": of(name, "all") / of(sides[index - (index % 2)]?.name ?? "", "all"),
    "messages a publish": of(name, "batch"),
    "messages/s": of(name, "perSecond"),
    "load µs/message": of(name, "load"),
  }));
}

/** PUBLISH commands so far. */
async function publishes({ redis }: Region): Promise<number> {
  if (redis === undefined) return 0;
  const connection = new Redis(redis.url);
  const counts = await commandCounts(connection);
  connection.disconnect();
  return counts.get("publish") ?? 0;
}

/** Commands that nodes send all the time, whoever logs in: leases and members. */
const BEATS = new Set(["set", "get", "sadd", "smembers", "exists", "ping", "info", "hello", "client", "auth"]);

/** Counts what Redis is asked in each phase of a log-in. */
async function commandsOfLogins(region: Region, server: ServerUnderTest): Promise<Table> {
  const redis = new Redis(region.redis?.url ?? "", { maxRetriesPerRequest: 1 });
  const clients: Client[] = [];
  const phase = async (name: string, work: (index: number) => Promise<void>): Promise<Row> => {
    const before = await commandCounts(redis);
    for (let index = 0; index < LOGINS; index += 1) await work(index);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const after = await commandCounts(redis);
    const counts = [...after].map(
      ([command, calls]) => [command, (calls - (before.get(command) ?? 0)) / LOGINS] as const,
    );
    const own = counts.filter(([command, each]) => !BEATS.has(command) && each > 0);
    return {
      phase: name,
      "commands of each": own.reduce((sum, [, each]) => sum + each, 0),
      which: own.map(([command, each]) => `${command} ${each.toFixed(2)}`).join(", "),
    };
  };
  const rows = [
    await phase("log in and bind", async (index) => {
      const client = new Client(server);
      clients.push(client);
      await within("a log-in", client.login(localpart(index), PASSWORD, "PLAIN"));
    }),
    await phase("initial presence", (index) => clients[index]!.becomeAvailable()),
    await phase("close", (index) => clients[index]!.close()),
  ];
  redis.disconnect();
  return { title: `cluster: commands to Redis of ${LOGINS} log-ins one after the other, leases' own left out`, rows };
}

/** Calls so far by command, from INFO commandstats. */
async function commandCounts(redis: Redis): Promise<Map<string, number>> {
  const text = await redis.info("commandstats");
  return new Map(
    [...text.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name = "", calls]) => [name, Number(calls)]),
  );
}
