// CPU of both servers for each message between two federated servers of one product, over TLS.
import { Client, forEach, within } from "./harness/client.ts";
import { median, type Row, ratio, type Table } from "./harness/figures.ts";
import { Pair } from "./harness/pairs.ts";
import { localpart, PASSWORD, type ServerName } from "./harness/server.ts";
import { cpuMicros } from "./harness/usage.ts";
import type { Options } from "./options.ts";
import { type FederatedPair, startFederated } from "./s2s-servers.ts";

/** One round. */
interface Round {
  /** µs of CPU of both servers for each message delivered. */
  readonly cpu: number;
  readonly perSecond: number;
}

/** Senders on one server, receivers on the other. */
class Across {
  readonly federated: FederatedPair;
  private readonly pairs: Pair[] = [];
  private window = 0;
  private drained: (() => void) | undefined;

  private constructor(federated: FederatedPair) {
    this.federated = federated;
  }

  static async connect(federated: FederatedPair, count: number, tls: boolean): Promise<Across> {
    const across = new Across(federated);
    const [near, far] = federated.servers;
    const clients = Array.from({ length: count }, () => [new Client(near, { tls }), new Client(far, { tls })] as const);
    await within(
      "logins",
      forEach(count, 10, async (index) => {
        for (const client of clients[index] ?? []) {
          await client.login(localpart(index), PASSWORD, "PLAIN");
          await client.becomeAvailable();
        }
      }),
    );
    clients.forEach(([sender, receiver], index) => {
      across.pairs.push(new Pair(index, sender, receiver, (pair, delivered) => across.delivered(pair, delivered)));
    });
    return across;
  }

  get received(): number {
    return this.pairs.reduce((sum, pair) => sum + pair.received, 0);
  }

  async run(window: number, ms: number): Promise<void> {
    this.window = window;
    const drained = new Promise<void>((resolve) => {
      this.drained = resolve;
    });
    for (const pair of this.pairs) pair.send(window);
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.window = 0;
    if (this.inFlight > 0) await within(`messages on their way (${this.inFlight})`, drained);
  }

  disconnect(): void {
    for (const { sender, receiver } of this.pairs) {
      sender.destroy();
      receiver.destroy();
    }
  }

  private delivered(pair: Pair, count: number): void {
    if (this.window > 0) pair.send(count);
    else if (this.inFlight === 0) this.drained?.();
  }

  private get inFlight(): number {
    return this.pairs.reduce((sum, pair) => sum + pair.sent - pair.received, 0);
  }
}

/** Measures each product in turn, round by round. */
export async function s2s(options: Options): Promise<Table[]> {
  const { pairs, windows, rounds, nodeFlags, tls } = options;
  const seconds = options.seconds ?? 5;
  const servers: readonly ServerName[] = options.servers.filter((name) => name !== "prosody");
  const sides: Across[] = [];
  for (const name of servers)
    sides.push(await Across.connect(await startFederated(name, pairs, nodeFlags), pairs, tls));
  for (const side of sides) for (const window of windows) await side.run(window, 3000); // warm-up
  const results = new Map<string, Round[]>();
  for (let round = 0; round < rounds; round += 1)
    for (const window of windows)
      for (const side of sides) {
        const key = `${side.federated.name} ${window}`;
        results.set(key, [...(results.get(key) ?? []), await measure(side, window, seconds * 1000)]);
      }
  for (const side of sides) {
    side.disconnect();
    await side.federated.stop();
  }
  const clients = tls ? "clients over TLS too" : "clients over plain TCP";
  const title = `s2s: ${pairs} pairs across two servers on one core, S2S over TLS with EXTERNAL, ${clients}; median of ${rounds} rounds of ${seconds} s`;
  return [{ title, rows: windows.flatMap((window) => rowsOf(servers, window, results)) }];
}

async function measure(side: Across, window: number, ms: number): Promise<Round> {
  const cpuOf = () => side.federated.servers.reduce((sum, { pid }) => sum + cpuMicros(pid), 0);
  const before = { cpu: cpuOf(), at: performance.now(), received: side.received };
  await side.run(window, ms);
  const messages = side.received - before.received;
  return {
    cpu: (cpuOf() - before.cpu) / messages,
    perSecond: (messages / (performance.now() - before.at)) * 1000,
  };
}

function rowsOf(servers: readonly ServerName[], window: number, results: ReadonlyMap<string, readonly Round[]>): Row[] {
  const of = (name: ServerName, key: keyof Round) =>
    median((results.get(`${name} ${window}`) ?? []).map((round) => round[key]));
  return servers.map((name) => ({
    servers: `${name} × 2`,
    window,
    "both ends µs/message": of(name, "cpu"),
    "meridian / this": ratio(servers.includes("meridian") ? of("meridian", "cpu") : undefined, of(name, "cpu")),
    "messages/s": of(name, "perSecond"),
  }));
}
