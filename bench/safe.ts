// The price of "acknowledged means safe": time from a message to the <a/> that counts it, and CPU, at a given rate.

import { AckedSender } from "./harness/acked-sender.ts";
import { Client, forEach, within } from "./harness/client.ts";
import type { Row, Table } from "./harness/figures.ts";
import { missingFor, type Region, startRegion } from "./harness/region.ts";
import { localpart, PASSWORD, type ServerUnderTest } from "./harness/server.ts";
import type { Options } from "./options.ts";

/** Messages a second. */
const RATE = 5000;
const SENDERS = 500;
const RECEIVERS = 500;
/** ms between two groups of messages. */
const TICK = 2;

/** Who receives, and so where a message is safe. */
type Receivers = "online" | "acknowledging" | "away" | "offline";

const CASES: readonly Receivers[] = ["online", "acknowledging", "away", "offline"];

/** Every kind of receiver on both databases. */
export async function safe(options: Options): Promise<Table[]> {
  const rows: Row[] = [];
  for (const storage of ["sqlite", "postgres"] as const) {
    const missing = missingFor({ redis: false, storage });
    if (missing === undefined)
      for (const receivers of CASES) rows.push(...(await measureCase(storage, receivers, options)));
    else rows.push({ storage, receivers: missing });
  }
  const title = `safe: ${RATE} messages/s of ${SENDERS} senders to ${RECEIVERS} accounts, node and database on one core`;
  return [{ title, rows }];
}

async function measureCase(storage: "sqlite" | "postgres", receivers: Receivers, options: Options): Promise<Row[]> {
  const seconds = options.seconds ?? 10;
  const plenty = 1_000_000;
  const region = await startRegion({
    nodes: 1,
    redis: false,
    storage,
    accounts: SENDERS + RECEIVERS,
    nodeFlags: options.nodeFlags,
    meridian: {
      streamManagement: { resumeSeconds: 600, maxUnacked: plenty, maxUnackedSize: 40_000_000 },
      limits: { ...LIMITS, backlogBytes: 60_000_000 },
    },
    modules: { offline: { maxMessages: plenty } },
  });
  try {
    const [server] = region.nodes as [ServerUnderTest];
    const places = await receiversOf(server, receivers);
    const rows: Row[] = [];
    for (const managed of [false, true])
      rows.push(await run(region, server, places, { storage, receivers, managed, seconds }));
    return rows;
  } finally {
    await region.stop();
  }
}

interface Case {
  readonly storage: string;
  readonly receivers: Receivers;
  readonly managed: boolean;
  readonly seconds: number;
}

async function run(region: Region, server: ServerUnderTest, to: readonly string[], one: Case): Promise<Row> {
  const senders = Array.from(
    { length: SENDERS },
    (_, index) => new AckedSender(new Client(server), one.managed, to, index),
  );
  await within(
    "senders",
    forEach(SENDERS, 10, (index) => senders[index]!.login()),
  );
  await atRate(senders, 2); // warm-up
  for (const sender of senders) sender.times.length = 0;
  const before = { ...region.cpu(), at: performance.now() };
  const sent = await atRate(senders, one.seconds);
  await within("acknowledgements", Promise.all(senders.map((sender) => sender.drained())));
  const elapsed = performance.now() - before.at;
  const cpu = region.cpu();
  for (const sender of senders) sender.destroy();
  const times = senders.flatMap((sender) => sender.times).sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN;
  return {
    storage: one.storage,
    receivers: one.receivers,
    senders: one.managed ? "managed" : "plain",
    "messages/s": (sent / elapsed) * 1000,
    "node µs/message": (cpu.nodes - before.nodes) / sent,
    "database µs/message": (cpu.database - before.database) / sent,
    "p50 ms to <a/>": at(0.5),
    "p99 ms": at(0.99),
  };
}

/** Sends at the rate for so many seconds, whatever comes back. Resolves with the number of messages. */
async function atRate(senders: readonly AckedSender[], seconds: number): Promise<number> {
  const began = performance.now();
  const total = RATE * seconds;
  let sent = 0;
  while (sent < total) {
    const due = Math.min(total, Math.floor(((performance.now() - began) / 1000) * RATE));
    for (; sent < due; sent += 1) senders[sent % senders.length]?.send();
    await new Promise((resolve) => setTimeout(resolve, TICK));
  }
  return sent;
}

/** Brings the receivers into their state; full or bare JIDs to write to. */
async function receiversOf(server: ServerUnderTest, kind: Receivers): Promise<string[]> {
  const locals = Array.from({ length: RECEIVERS }, (_, index) => localpart(SENDERS + index));
  if (kind === "offline") return locals.map((local) => `${local}@${server.domain}`);
  const clients = locals.map(() => new Client(server));
  const login = async (index: number) => {
    const client = clients[index]!;
    await client.login(locals[index]!, PASSWORD, "PLAIN");
    await client.becomeAvailable();
    if (kind !== "online") {
      client.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
      await client.until(/<enabled[^>]*>/);
    }
    if (kind === "away") client.destroy();
    else acknowledge(client);
  };
  await within("receivers", forEach(RECEIVERS, 10, login));
  await new Promise((resolve) => setTimeout(resolve, 300));
  return clients.map(({ jid }) => jid);
}

/** A client that answers each <r/> with the number of messages it has had. */
function acknowledge(client: Client): void {
  let handled = 0;
  let rest = "";
  client.onText = (chunk) => {
    const text = rest + chunk;
    let end = 0;
    for (const { 0: found, index } of text.matchAll(/<\/message>|<r [^>]*>/g)) {
      end = index + found.length;
      if (found === "</message>") handled += 1;
      else client.send(`<a xmlns='urn:xmpp:sm:3' h='${handled}'/>`);
    }
    rest = text.slice(end);
  };
}

const PLENTY = 1_000_000_000;
const LIMITS = {
  connectionsPerAddress: PLENTY,
  stanzasPerAccount: PLENTY,
  stanzasPerAddress: PLENTY,
  bytesPerSecond: PLENTY,
  burstBytes: PLENTY,
  preAuthBytesPerSecond: PLENTY,
};
