// The resolver and the local world's name server together: caching, sharing, order, and every kind of odd data.
import { afterEach, expect, test } from "@jest/globals";
import { startZone, type ZoneOptions, type ZoneRecord, type ZoneServer } from "../../app/local-world/dns.ts";
import { createResolver, type Resolver, type ResolverOptions } from "../../federation/resolver/index.ts";
import { HeldClock } from "./held-clock.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

interface World {
  readonly zone: ZoneServer;
  readonly resolver: Resolver;
  readonly clock: HeldClock;
  /** "name type transport" of each query. */
  readonly asked: string[];
}

async function world(
  records: readonly ZoneRecord[],
  zoneOptions: Partial<ZoneOptions> = {},
  options: Partial<ResolverOptions> = {},
): Promise<World> {
  const asked: string[] = [];
  const onQuery: ZoneOptions["onQuery"] = ({ name, type, transport }) => asked.push(`${name} ${type} ${transport}`);
  const zone = await startZone({ records, zones: ["test"], onQuery, ...zoneOptions });
  const clock = new HeldClock();
  const resolver = createResolver({ servers: [zone.server], clock, attempts: 1, ...options });
  open.push(resolver, zone);
  return { zone, resolver, clock, asked };
}

const srv = (name: string, priority: number, target: string, port = 5269): ZoneRecord => ({
  name,
  type: "SRV",
  priority,
  weight: 0,
  port,
  target,
});
const a = (name: string, address: string, ttl = 60): ZoneRecord => ({ name, type: "A", address, ttl });

test("a domain is found by its SRV records, its hosts by A and AAAA", async () => {
  const { resolver } = await world([
    srv("_xmpp-server._tcp.eu.test", 20, "h.eu.test"),
    srv("_xmpps-server._tcp.eu.test", 10, "h.eu.test", 5270),
    a("h.eu.test", "127.0.0.1"),
    { name: "h.eu.test", type: "AAAA", address: "::1" },
  ]);
  expect(await resolver.resolveDomain("EU.test", "xmpp-server")).toMatchObject({
    kind: "targets",
    targets: [
      { host: "h.eu.test", port: 5270, directTls: true },
      { host: "h.eu.test", port: 5269, directTls: false },
    ],
  });
  expect(await resolver.addressesOf("h.eu.test")).toMatchObject({ addresses: ["::1", "127.0.0.1"] });
});

test("answers are kept as long as their TTL and no longer", async () => {
  const { zone, resolver, clock, asked } = await world([a("h.test", "192.0.2.1", 60)]);
  await resolver.lookup("h.test", "A");
  zone.setRecords([a("h.test", "192.0.2.2", 60)]);
  clock.advance(59_999);
  expect(await resolver.lookup("H.TEST.", "A")).toMatchObject({ records: [{ data: "192.0.2.1" }] });
  expect(asked).toHaveLength(1);
  clock.advance(1);
  expect(await resolver.lookup("h.test", "A")).toMatchObject({ records: [{ data: "192.0.2.2" }] });
});

test('"there is none" is kept for the SOA\'s minimum (RFC 2308 §5)', async () => {
  const { zone, resolver, clock, asked } = await world([a("h.test", "192.0.2.1")]);
  expect(await resolver.lookup("g.test", "A")).toEqual({ kind: "none", authenticated: false });
  expect(await resolver.lookup("h.test", "AAAA")).toEqual({ kind: "none", authenticated: false });
  zone.setRecords([a("g.test", "192.0.2.1")]);
  clock.advance(4_999);
  expect((await resolver.lookup("g.test", "A")).kind).toBe("none");
  expect(asked).toHaveLength(2);
  clock.advance(1);
  expect((await resolver.lookup("g.test", "A")).kind).toBe("records");
});

test("equal questions at one time are asked once; what failed is not kept", async () => {
  const { zone, resolver, asked } = await world([{ name: "h.test", type: "fault", fault: "servfail" }]);
  const found = await Promise.all(Array.from({ length: 50 }, () => resolver.lookup("h.test", "A")));
  expect(new Set(found).size).toBe(1);
  expect(found[0]?.kind).toBe("failed");
  expect(asked).toHaveLength(1);
  zone.setRecords([a("h.test", "192.0.2.1", 0)]);
  expect((await resolver.lookup("h.test", "A")).kind).toBe("records");
  expect((await resolver.lookup("h.test", "A")).kind).toBe("records");
  expect(asked).toHaveLength(3);
});

test("a thousand domains at once are all answered", async () => {
  const names = Array.from({ length: 1000 }, (_, i) => `d${i}.test`);
  const records = names.map((name) => srv(`_xmpp-server._tcp.${name}`, 0, `h.${name}`));
  const { resolver } = await world(records, {}, { attempts: 5 });
  const found = await Promise.all(names.map((name) => resolver.resolveDomain(name, "xmpp-server")));
  expect(found.filter(({ kind }) => kind === "targets")).toHaveLength(1000);
});

test("a big answer comes over TCP, and only the first 32 targets are used", async () => {
  const many = Array.from({ length: 100 }, (_, i) => srv("_xmpp-server._tcp.big.test", i, `h${i}.big.test`));
  const { resolver, asked } = await world(many);
  const found = await resolver.resolveDomain("big.test", "xmpp-server");
  expect(found.kind === "targets" && found.targets.map(({ host }) => host)).toEqual(
    Array.from({ length: 32 }, (_, i) => `h${i}.big.test`),
  );
  expect(asked).toContain("_xmpp-server._tcp.big.test SRV tcp");
});

test("refused, not found and failed are told apart", async () => {
  const { resolver, clock } = await world(
    [
      srv("_xmpp-server._tcp.no.test", 0, ".", 0),
      { name: "_xmpp-server._tcp.ill.test", type: "fault", fault: "servfail" },
      { name: "_xmpp-server._tcp.silent.test", type: "fault", fault: "drop" },
    ],
    { onQuery: ({ name }) => name === "_xmpp-server._tcp.silent.test" && setImmediate(() => clock.advance(2_000)) },
  );
  expect((await resolver.resolveDomain("no.test", "xmpp-server")).kind).toBe("refused");
  expect((await resolver.resolveDomain("unknown.test", "xmpp-server")).kind).toBe("not-found");
  expect((await resolver.resolveDomain("ill.test", "xmpp-server")).kind).toBe("failed");
  expect(await resolver.resolveDomain("silent.test", "xmpp-server")).toMatchObject({
    kind: "failed",
    reason: expect.stringMatching(/no answer in time/),
  });
  expect((await resolver.resolveDomain("elsewhere.example", "xmpp-server")).kind).toBe("failed");
});

test("names whose servers are silent hold up no others, however many", async () => {
  const names = Array.from({ length: 300 }, (_, i) => `silent${i}.test`);
  const faults = names.map((name): ZoneRecord => ({ name, type: "fault", fault: "drop" }));
  const asked = new Set<string>();
  const { resolver, clock } = await world([...faults, a("quick.test", "192.0.2.1")], {
    onQuery: ({ name }) => asked.add(name),
  });
  const silent = names.map((name) => resolver.lookup(name, "A"));
  const quick = resolver.lookup("quick.test", "A");
  while (asked.size < 100) await new Promise((resolve) => setImmediate(resolve));
  // They are not given up before two seconds.
  while (clock.pending > 0 && asked.size <= names.length) {
    clock.advance(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await quick).toMatchObject({ kind: "records" });
  expect(asked).toContain("quick.test");
  clock.advance(2_000);
  for (const lookup of await Promise.all(silent)) expect(lookup.kind).toBe("failed");
});

test("a name that comes after thousands is not asked after all of them", async () => {
  const names = Array.from({ length: 3000 }, (_, i) => `silent${i}.test`);
  const faults = names.map((name): ZoneRecord => ({ name, type: "fault", fault: "drop" }));
  const asked = new Set<string>();
  const { resolver, clock } = await world([...faults, a("late.test", "192.0.2.1")], {
    onQuery: ({ name }) => asked.add(name),
  });
  const silent = names.map((name) => resolver.lookup(name, "A"));
  while (asked.size < 100) await new Promise((resolve) => setImmediate(resolve));
  const late = resolver.lookup("late.test", "A");
  while (!asked.has("late.test") && asked.size < names.length) {
    clock.advance(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(asked.size).toBeLessThan(1000);
  expect(await late).toMatchObject({ kind: "records" });
  resolver.close();
  await Promise.allSettled(silent);
});

test("aliases are followed inside one zone and from one server to another", async () => {
  const { resolver } = await world([
    { name: "alias.test", type: "CNAME", target: "real.test" },
    a("real.test", "192.0.2.1"),
  ]);
  expect(await resolver.lookup("alias.test", "A")).toMatchObject({ records: [{ data: "192.0.2.1" }] });
});

test("AD is believed from a trusted server through the whole of a resolution", async () => {
  const records = [srv("_xmpp-server._tcp.eu.test", 0, "h.eu.test"), a("h.eu.test", "127.0.0.1")];
  const { resolver } = await world(records, { authentic: true }, { trustAd: true });
  expect(await resolver.resolveDomain("eu.test", "xmpp-server")).toMatchObject({ targets: [{ authenticated: true }] });
  expect(await resolver.addressesOf("h.eu.test")).toMatchObject({ authenticated: true });
});

test("a malformed name server is told at once", () => {
  expect(() => createResolver({ clock: new HeldClock(), servers: ["dns.example"] })).toThrow(/"dns.example"/);
});
