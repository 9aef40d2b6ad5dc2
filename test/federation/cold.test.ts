// The first message to a domain nobody has talked to: how often it must go there and back, and that thousands do not queue.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { NodeConfigInput } from "../../contract/contract.ts";
import { unless } from "../harness/needing.ts";
import { Ground, message, type TestNode } from "./nodes.ts";
import { impossible, SlowNetwork } from "./slow-network.ts";

let ground: Ground;

beforeEach(async () => {
  ground = await Ground.lay();
});

afterEach(() => ground.clear());

/** Round trips before a stream can be encrypted: a question to DNS, a TCP connection. */
const DNS_AND_TCP = 2;

test("EXTERNAL over direct TLS between servers of one world: what each side sends without hearing from the other", async () => {
  const policies = [{ domains: ["*.b.test"], pipelining: true }];
  const a = await ground.node("a.test", { policies }, true);
  const b = await ground.node("b.test", {}, true);
  const relay = await ground.relay(b.service, () => b.port, true);
  a.send(`y@${b.service}`, "Hark");
  await b.until(() => b.received.length === 1, "the message");
  // TLS, then header and proof together; the message goes with what comes next.
  expect(relay.flights.near).toBe(3);
  expect(DNS_AND_TCP + relay.flights.near - 1).toBeLessThanOrEqual(4);
});

const { describe: slowly } = unless(impossible(), "socat", "ip");

slowly("a real network on which each packet takes 50 ms each way", () => {
  const ROUND_TRIP = 100;
  const WAYS = [
    { what: "direct TLS, a link of one's own world", port: 5270, direct: true, pipelining: true, trips: 4 },
    { what: "direct TLS, anybody", port: 5270, direct: true, pipelining: false, trips: 5 },
    { what: "STARTTLS, a server known to be Meridian", port: 5269, direct: false, pipelining: true, trips: 6 },
    { what: "STARTTLS, anybody", port: 5269, direct: false, pipelining: false, trips: 7 },
  ];
  /** Attempts, each to a domain never talked to: a busy machine may be slow, and never fast. */
  const ATTEMPTS = 6;
  let network: SlowNetwork;

  beforeEach(async () => {
    network = await SlowNetwork.lay(ROUND_TRIP / 2);
  }, 30_000);

  afterEach(() => network.close(), 30_000);

  test("a cold connection with EXTERNAL: DNS, TCP, TLS, authentication", async () => {
    const domains = WAYS.flatMap((_, way) => Array.from({ length: ATTEMPTS }, (_, i) => `b${way}${i}.test`));
    await startFar(domains);
    const policies = WAYS.map(({ pipelining }, way) => ({
      domains: domains.filter((domain) => domain.startsWith(`b${way}`)),
      pipelining,
      requireValidCertificate: true,
    }));
    const a = await ground.node("a.test", { policies, dnsServers: [await network.nameServer(ground.zone.server)] });
    for (const [way, { what, port, direct, trips }] of WAYS.entries()) {
      let best = Number.POSITIVE_INFINITY;
      for (let i = 0; i < ATTEMPTS && best >= (trips + 1) * ROUND_TRIP; i++) {
        ground.announce(`b${way}${i}.test`, port, direct, [], network.far);
        best = Math.min(best, await timeOf(a, `b${way}${i}.test`));
      }
      if (process.env.COLD_TIMES !== undefined) process.stderr.write(`${what}: ${best.toFixed(0)} ms\n`);
      // Never less than so many round trips, and our own work takes less than one more.
      expect([what, Math.floor(best / ROUND_TRIP)]).toEqual([what, trips]);
    }
  }, 60_000);

  /** A node with these domains at the far end. */
  async function startFar(domains: readonly string[]): Promise<void> {
    const certificate = await ground.authority.issue({ domains: [...domains], days: 90 });
    const files = { certificate: join(ground.folder, "far.crt"), key: join(ground.folder, "far.key") };
    writeFileSync(files.certificate, certificate.certificate);
    writeFileSync(files.key, certificate.key);
    const config: NodeConfigInput = {
      node: "far",
      hosts: domains.map((domain) => ({ domain, certificate: files })),
      listeners: [
        { kind: "s2s", address: "0.0.0.0", port: 5269 },
        { kind: "s2s", address: "0.0.0.0", port: 5270, tls: "direct" },
      ],
      storage: { kind: "memory" },
      federation: { trustedAuthorities: [ground.authority.caFile], publicAuthorities: false },
    };
    const file = join(ground.folder, "far.json");
    writeFileSync(file, JSON.stringify(config));
    const main = join(import.meta.dirname, "../../app/main.ts");
    await network.start(process.execPath, [main, "serve", "--config", file], /"ready"/);
  }

  /** ms from the first stanza for a domain to a stream that is authenticated. */
  async function timeOf(a: TestNode, domain: string): Promise<number> {
    let at: number | undefined;
    const stop = a.federation.watch(domain, ({ event }) => {
      if (event === "authenticated") at = performance.now();
    });
    const started = performance.now();
    a.send(`y@${domain}`, "Hark");
    await a.until(() => at !== undefined, "the stream");
    stop();
    return (at ?? 0) - started;
  }
});

test("addresses that come with the SRV record are not asked for", async () => {
  const asked: string[] = [];
  await ground.clear();
  ground = await Ground.lay({ onQuery: ({ name, type }) => asked.push(`${type} ${name}`) });
  const a = await ground.node("a.test");
  const b = await ground.node("b.test");
  a.send(`y@${b.service}`, "Hark");
  await b.until(() => b.received.length === 1, "the message");
  expect(asked.filter((question) => question.includes(b.service))).toEqual([
    `SRV _xmpps-server._tcp.${b.service}`,
    `SRV _xmpp-server._tcp.${b.service}`,
  ]);
});

/** ms for what takes some seconds on a machine that does nothing else. */
const LONG = 60_000;

test(
  "a thousand domains at once, each on a stream of its own: none waits for another's server",
  async () => {
    const domains = Array.from({ length: 1000 }, (_, i) => `r${i}.b.test`);
    const isSlow = (i: number) => i % 10 !== 0;
    const a = await ground.node("a.test", { maxDomainsPerStream: 1 });
    const b = await ground.node("b.test", { maxStreams: 1000 });
    const slow = await ground.relay("slow.b.test", () => b.port);
    slow.stalled = true;
    const reached = new Set<string>();
    for (const [i, domain] of domains.entries()) {
      b.running.server.router.services.set(domain, { accept: () => void reached.add(domain) });
      ground.announce(domain, isSlow(i) ? slow.port : b.port);
    }
    const started = performance.now();
    for (const domain of domains) a.route(message(`x@${a.service}`, `y@${domain}`, "m", "Hark"));
    // Nine of ten hang in the middle of their connection.
    const quick = domains.filter((_, i) => !isSlow(i));
    await a.until(() => slow.connections >= domains.length - quick.length, "connections to the slow ones", LONG);
    await b.until(() => reached.size === quick.length, "every message to a quick one", LONG);
    expect([...reached].sort()).toEqual(quick.sort());
    if (process.env.COLD_TIMES !== undefined)
      process.stderr.write(
        `${quick.length} quick of ${domains.length}: ${(performance.now() - started).toFixed(0)} ms\n`,
      );
  },
  3 * LONG,
);
