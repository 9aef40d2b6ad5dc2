// Wide presence: what one log-in costs whose contacts are all there, spread over three nodes.
import { Client, forEach, within } from "./harness/client.ts";
import { startEjabberdRegion } from "./harness/ejabberd-region.ts";
import { median, type Row, ratio, type Table } from "./harness/figures.ts";
import { missingFor, type Region, startRegion } from "./harness/region.ts";
import { localpart, PASSWORD } from "./harness/server.ts";
import type { Options } from "./options.ts";

const NODES = 3;
/** Log-ins of one round: one alone is less than what the clock of processes tells apart. */
const LOGINS = 5;

interface Side {
  readonly name: string;
  readonly region: Region;
  readonly contacts: readonly Client[];
  /** Presence of the user that contacts have had since it was set to 0, and theirs that the user has had. */
  seen: { available: number; unavailable: number; contacts: number; changed: () => void };
}

interface Round {
  readonly cpu: number;
  readonly ms: number;
}

/** Measures Meridian, and ejabberd where it is asked for, in turns. */
export async function presence(options: Options): Promise<Table[]> {
  const missing = missingFor({ redis: true, storage: "sqlite" });
  if (missing !== undefined) return [{ title: `presence: not measured, ${missing}`, rows: [] }];
  const { contacts, rounds, nodeFlags } = options;
  const setup = { accounts: contacts + 1, contacts: true, nodeFlags };
  const sides = [
    await meet("meridian", await startRegion({ ...setup, nodes: NODES, redis: true, storage: "sqlite" }), contacts),
  ];
  if (options.servers.includes("ejabberd"))
    sides.push(await meet("ejabberd", await startEjabberdRegion(NODES, setup), contacts));
  const results = new Map<Side, Round[]>(sides.map((side) => [side, []]));
  for (const side of sides) await measure(side); // warm-up
  for (let round = 0; round < rounds; round += 1)
    for (const side of sides) results.get(side)?.push(await measure(side));
  for (const { contacts: clients, region } of sides) {
    for (const client of clients) client.destroy();
    await region.stop();
  }
  const cpuOf = (side: Side) => median((results.get(side) ?? []).map(({ cpu }) => cpu));
  const rows: Row[] = sides.map((side) => ({
    server: side.name,
    "CPU ms/log-in": cpuOf(side) / 1000,
    "µs/contact": cpuOf(side) / contacts,
    "meridian / this": ratio(cpuOf(sides[0] as Side), cpuOf(side)),
    "ms until all have seen each other": median((results.get(side) ?? []).map(({ ms }) => ms)),
  }));
  const title = `presence: a log-in, and the end of it, with ${contacts} contacts there on ${NODES} nodes; CPU of every process; median of ${rounds} rounds`;
  return [{ title, rows }];
}

/** Logs the contacts in, spread over the nodes. RFC 6121 §4.2. */
async function meet(name: string, region: Region, count: number): Promise<Side> {
  const { nodes } = region;
  const at = (index: number) => nodes[index % nodes.length] as (typeof nodes)[number];
  const contacts = Array.from({ length: count }, (_, index) => new Client(at(index)));
  const seen: Side["seen"] = { available: 0, unavailable: 0, contacts: 0, changed: () => {} };
  await forEach(count, 20, async (index) => {
    const client = contacts[index] as Client;
    await within(`${name}: a log-in`, client.login(localpart(index + 1), PASSWORD, "PLAIN"));
    await client.becomeAvailable();
    eachPresence(client, (tag) => look(seen, tag));
  });
  return { name, region, contacts, seen };
}

async function logIn({ region: { nodes }, seen }: Side): Promise<Client> {
  const user = new Client(nodes[0] as (typeof nodes)[number]);
  await within("a log-in", user.login(localpart(0), PASSWORD, "PLAIN"));
  eachPresence(user, (tag) => {
    if (isAvailable(tag) && !isUsers(tag)) seen.contacts += 1;
    seen.changed();
  });
  user.send("<presence/>");
  return user;
}

/** Calls `take` with the start tag of each presence that a client is sent. */
function eachPresence(client: Client, take: (tag: string) => void): void {
  let rest = "";
  client.onText = (text) => {
    const all = rest + text;
    let end = 0;
    for (const { 0: tag, index } of all.matchAll(/<presence[^>]*>/g)) {
      take(tag);
      end = index + tag.length;
    }
    // A tag may come in two pieces.
    rest = all.slice(Math.max(end, all.lastIndexOf("<")));
  };
}

function isAvailable(tag: string): boolean {
  return !/ type=/.test(tag);
}

function isUsers(tag: string): boolean {
  return new RegExp(` from=['"]${localpart(0)}@`).test(tag);
}

/** Counts the user's presence. */
function look(seen: Side["seen"], tag: string): void {
  if (!isUsers(tag)) return;
  if (isAvailable(tag)) seen.available += 1;
  else if (/ type=['"]unavailable['"]/.test(tag)) seen.unavailable += 1;
  seen.changed();
}

async function measure(side: Side): Promise<Round> {
  const before = cpuOf(side.region);
  const times: number[] = [];
  for (let login = 0; login < LOGINS; login += 1) {
    Object.assign(side.seen, { available: 0, unavailable: 0, contacts: 0 });
    const began = performance.now();
    const user = await logIn(side);
    await all(side, "available", "contacts");
    times.push(performance.now() - began);
    user.onText = undefined;
    await user.close();
    await all(side, "unavailable");
  }
  return { cpu: (cpuOf(side.region) - before) / LOGINS, ms: median(times) };
}

/** Resolves once it was seen of, or by, every contact. */
function all({ name, seen, contacts }: Side, ...what: ("available" | "unavailable" | "contacts")[]): Promise<void> {
  const done = new Promise<void>((resolve) => {
    seen.changed = () => {
      if (what.every((one) => seen[one] >= contacts.length)) resolve();
    };
    seen.changed();
  });
  return within(`${name}: ${what.join(" and ")} presence`, done);
}

function cpuOf(region: Region): number {
  const { nodes, redis, database } = region.cpu();
  return nodes + redis + database;
}
