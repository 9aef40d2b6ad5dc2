// The first message to a domain nobody has talked to: how often it must go there and back, and that thousands do not queue.
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Ground, message } from "./nodes.ts";

let ground: Ground;

beforeEach(async () => {
  ground = await Ground.lay();
});

afterEach(() => ground.clear());

/** Round trips before a stream can be encrypted: a question to DNS, a TCP connection. */
const DNS_AND_TCP = 2;

test("EXTERNAL over direct TLS between servers of one world: four round trips from DNS to authentication", async () => {
  const policies = [{ domains: ["*.b.test"], pipelining: true }];
  const a = await ground.node("a.test", { policies, dnsServers: [ground.zone.server] }, true);
  const b = await ground.node("b.test", {}, true);
  const relay = await ground.relay(b.service, () => b.port, true);
  relay.delay = 50;
  const started = performance.now();
  a.send(`y@${b.service}`, "Hark");
  await a.until(() => a.log.some((line) => line.includes("s2s out up")), "the stream");
  const elapsed = performance.now() - started;
  await b.until(() => b.received.length === 1, "the message");
  // TLS, then header and proof together; the message goes with what comes next.
  expect(relay.flights.near).toBe(3);
  expect(DNS_AND_TCP + relay.flights.near - 1).toBeLessThanOrEqual(4);
  // Loopback itself takes no time: what was measured is two round trips of 100 ms and our own work.
  expect(elapsed).toBeGreaterThan(200);
  expect(elapsed).toBeLessThan(1000);
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

test("many domains at once, each on a stream of its own", async () => {
  const count = 150;
  const a = await ground.node("a.test", { maxDomainsPerStream: 1 });
  const b = await ground.node("b.test", { maxStreams: count });
  const reached = new Set<string>();
  for (let i = 0; i < count; i++) {
    const domain = `r${i}.b.test`;
    b.running.server.router.services.set(domain, { accept: () => void reached.add(domain) });
    ground.announce(domain, b.port);
  }
  for (let i = 0; i < count; i++) a.route(message(`x@${a.service}`, `y@r${i}.b.test`, `m${i}`, "Hark"));
  await b.until(() => reached.size === count, "every message");
  expect(a.received).toEqual([]);
  expect(b.federation.incomingStatus()).toHaveLength(count);
});
