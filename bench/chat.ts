// Server CPU per chat message: pairs of clients with a window of messages in flight.
import { median, type Row, ratio, type Table } from "./harness/figures.ts";
import { CHAT_DESCRIPTION, Pairs } from "./harness/pairs.ts";
import { type ServerUnderTest, startServer } from "./harness/server.ts";
import { cpuMicros, ownCpuMicros } from "./harness/usage.ts";
import type { Options } from "./options.ts";

/** One round of one server. */
interface Round {
  /** µs of server CPU for each message delivered. */
  readonly cpu: number;
  /** µs of the load generator's CPU for each message. */
  readonly load: number;
  readonly perSecond: number;
  /** Share of its core the server had. */
  readonly busy: number;
}

interface Side {
  readonly server: ServerUnderTest;
  readonly pairs: Pairs;
}

/** Measures every server in turn, round by round, so that what else the machine does meets all of them. */
export async function chat(options: Options): Promise<Table[]> {
  const { servers, pairs, windows, rounds, nodeFlags, tls } = options;
  const seconds = options.seconds ?? 5;
  const sides: Side[] = [];
  for (const name of servers) {
    const server = await startServer(name, { accounts: pairs * 2, nodeFlags });
    sides.push({ server, pairs: await Pairs.connect(server, pairs, tls) });
  }
  for (const side of sides) for (const window of windows) await side.pairs.run(window, 3000); // warm-up
  const results = new Map<string, Round[]>();
  for (let round = 0; round < rounds; round += 1)
    for (const window of windows)
      for (const side of sides) {
        const key = `${side.server.name} ${window}`;
        results.set(key, [...(results.get(key) ?? []), await measure(side, window, seconds * 1000)]);
      }
  for (const side of sides) {
    side.pairs.disconnect();
    await side.server.stop();
  }
  const over = tls ? "TLS" : "plain TCP";
  const title = `chat: ${pairs} pairs, ${CHAT_DESCRIPTION}, ${over}; median of ${rounds} rounds of ${seconds} s`;
  return [{ title, rows: windows.flatMap((window) => rowsOf(sides, window, results)) }];
}

async function measure({ server, pairs }: Side, window: number, ms: number): Promise<Round> {
  const before = { cpu: cpuMicros(server.pid), load: ownCpuMicros(), at: performance.now(), received: pairs.received };
  await pairs.run(window, ms);
  const elapsed = performance.now() - before.at;
  const messages = pairs.received - before.received;
  const cpu = cpuMicros(server.pid) - before.cpu;
  return {
    cpu: cpu / messages,
    load: (ownCpuMicros() - before.load) / messages,
    perSecond: (messages / elapsed) * 1000,
    busy: cpu / 1000 / elapsed,
  };
}

function rowsOf(sides: readonly Side[], window: number, results: ReadonlyMap<string, readonly Round[]>): Row[] {
  const figures = sides.map(({ server }) => {
    const rounds = results.get(`${server.name} ${window}`) ?? [];
    const of = (key: keyof Round) => median(rounds.map((round) => round[key]));
    const cpus = rounds.map((round) => round.cpu);
    return { name: server.name, of, least: Math.min(...cpus), most: Math.max(...cpus) };
  });
  const ours = figures.find(({ name }) => name === "meridian")?.of("cpu");
  return figures.map(({ name, of, least, most }) => ({
    server: name,
    window,
    "server µs/message": of("cpu"),
    least,
    most,
    "meridian / this": ratio(ours, of("cpu")),
    "messages/s": of("perSecond"),
    "server core": `${Math.round(of("busy") * 100)} %`,
    "load µs/message": of("load"),
  }));
}
