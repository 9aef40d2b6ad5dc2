// Server CPU per login: connect, stream, SASL, bind, close.
import { Client, forEach, type Mechanism, within } from "./harness/client.ts";
import { median, type Row, ratio, type Table } from "./harness/figures.ts";
import { localpart, PASSWORD, type PasswordStore, type ServerUnderTest, startServer } from "./harness/server.ts";
import { cpuMicros, ownCpuMicros } from "./harness/usage.ts";
import { type Options, UsageError } from "./options.ts";

const ACCOUNTS = 200;
const AT_ONCE = 20;

/** One way to log in; passwords are kept as each server can check them best. */
interface Case {
  readonly mechanism: Mechanism;
  readonly passwords: PasswordStore;
  readonly tls: boolean;
}

const CASES: readonly Case[] = [
  { mechanism: "PLAIN", passwords: "plain", tls: false },
  { mechanism: "SCRAM-SHA-1", passwords: "SHA-1", tls: false },
  { mechanism: "SCRAM-SHA-256", passwords: "SHA-256", tls: false },
];

interface Round {
  readonly cpu: number;
  readonly load: number;
  readonly perSecond: number;
}

/** Measures every mechanism, plain and over TLS, on every server in turn. */
export async function login(options: Options): Promise<Table[]> {
  const rows: Row[] = [];
  for (const one of chosenCases(options)) {
    const servers: ServerUnderTest[] = [];
    for (const name of options.servers)
      servers.push(
        await startServer(name, { accounts: ACCOUNTS, passwords: one.passwords, nodeFlags: options.nodeFlags }),
      );
    rows.push(...(await compare(servers, one, options)));
    if (options.tls) rows.push(...(await compare(servers, { ...one, tls: true }, options)));
    for (const server of servers) await server.stop();
  }
  const { logins, rounds } = options;
  const what = "connect, stream, SASL, bind, close";
  const title = `login: ${what}; ${logins} over ${ACCOUNTS} accounts, ${AT_ONCE} at once; median of ${rounds} rounds`;
  return [{ title, rows }];
}

function chosenCases({ mechanisms }: Options): readonly Case[] {
  for (const name of mechanisms)
    if (!CASES.some(({ mechanism }) => mechanism === name)) throw new UsageError(`${name} is not measured`);
  return mechanisms.length === 0 ? CASES : CASES.filter(({ mechanism }) => mechanisms.includes(mechanism));
}

async function compare(servers: readonly ServerUnderTest[], one: Case, options: Options): Promise<Row[]> {
  const first = new Map<string, number>();
  const results = new Map<string, Round[]>(servers.map(({ name }) => [name, []]));
  for (const server of servers) {
    first.set(server.name, (await measure(server, one, ACCOUNTS)).cpu);
    await measure(server, one, Math.min(1000, options.logins)); // warm-up
  }
  for (let round = 0; round < options.rounds; round += 1)
    for (const server of servers) results.get(server.name)?.push(await measure(server, one, options.logins));
  const of = (name: string, key: keyof Round) => median((results.get(name) ?? []).map((round) => round[key]));
  const ours = results.has("meridian") ? of("meridian", "cpu") : undefined;
  return servers.map(({ name }) => ({
    server: name,
    mechanism: one.mechanism,
    over: one.tls ? "TLS" : "TCP",
    "server µs/login": of(name, "cpu"),
    "meridian / this": ratio(ours, of(name, "cpu")),
    "first of each account µs": first.get(name) ?? Number.NaN,
    "logins/s": of(name, "perSecond"),
    "load µs/login": of(name, "load"),
  }));
}

async function measure(server: ServerUnderTest, { mechanism, tls }: Case, logins: number): Promise<Round> {
  const before = { cpu: cpuMicros(server.pid), load: ownCpuMicros(), at: performance.now() };
  const once = async (index: number) => {
    const client = new Client(server, { tls });
    await client.login(localpart(index % ACCOUNTS), PASSWORD, mechanism);
    await client.close();
  };
  await within(`${server.name}: ${logins} logins`, forEach(logins, AT_ONCE, once), 300_000);
  const elapsed = performance.now() - before.at;
  await new Promise((resolve) => setTimeout(resolve, 200)); // what the server does after the last close
  return {
    cpu: (cpuMicros(server.pid) - before.cpu) / logins,
    load: (ownCpuMicros() - before.load) / logins,
    perSecond: (logins / elapsed) * 1000,
  };
}
