// The local world's DNS data: what is answered, what is denied, and who is sent where first.
import { expect, test } from "@jest/globals";
import { Zone, type ZoneAnswer, type ZoneRecord, type ZoneSettings, zonesOf } from "./zone.ts";

const srv = (name: string, target: string, priority = 0, region?: string): ZoneRecord => ({
  name,
  type: "SRV",
  priority,
  weight: 0,
  port: 5222,
  target,
  ...(region !== undefined && { region }),
});
const a = (name: string, address: string, region?: string): ZoneRecord => ({
  name,
  type: "A",
  address,
  ...(region !== undefined && { region }),
});

function zone(records: readonly ZoneRecord[], settings: Partial<ZoneSettings> = {}): Zone {
  return new Zone({ records, zones: ["example.test"], ...settings });
}

function ask(of: Zone, name: string, type: string, source = "127.0.0.1/32") {
  const answer: ZoneAnswer = of.answer({ name, type }, source);
  if (answer.kind === "drop") return { rcode: "drop", data: [], authorities: [], ordered: false };
  const data = answer.answers.map((record) => (record.type === "OPT" ? undefined : record.data));
  return {
    rcode: answer.rcode,
    data,
    authorities: answer.authorities.map(({ type: t }) => t),
    ordered: answer.ordered,
  };
}

test("a name that exists without the type, a name that does not, and a name outside", () => {
  const local = zone([a("h.eu.example.test", "127.0.0.1")]);
  expect(ask(local, "H.EU.example.TEST", "A")).toMatchObject({ rcode: 0, data: ["127.0.0.1"] });
  expect(ask(local, "h.eu.example.test", "AAAA")).toMatchObject({ rcode: 0, data: [], authorities: ["SOA"] });
  expect(ask(local, "eu.example.test", "A")).toMatchObject({ rcode: 0, authorities: ["SOA"] });
  expect(ask(local, "no.example.test", "A")).toMatchObject({ rcode: 3, authorities: ["SOA"] });
  expect(ask(local, "__proto__.example.test", "A")).toMatchObject({ rcode: 3 });
  expect(ask(local, "example.org", "A")).toMatchObject({ rcode: 5, authorities: [] });
  expect(ask(local, "xexample.test", "A")).toMatchObject({ rcode: 5 });
});

test("each zone has its SOA and its name server; the longest apex is the one", () => {
  const local = zone([], { zones: ["test", "example.test"] });
  expect(ask(local, "example.test", "SOA").data).toMatchObject([{ mname: "ns.example.test", minimum: 5 }]);
  expect(ask(local, "example.test", "NS").data).toEqual(["ns.example.test"]);
  expect(ask(local, "test", "NS").data).toEqual(["ns.test"]);
});

test("the root as zone answers for everything", () => {
  expect(ask(zone([], { zones: ["."] }), "capulet.test", "A")).toMatchObject({ rcode: 3, authorities: ["SOA"] });
});

test("aliases are followed inside the zone, and end in a loop", () => {
  const local = zone([
    { name: "a.example.test", type: "CNAME", target: "b.example.test" },
    { name: "b.example.test", type: "CNAME", target: "c.example.test" },
    a("c.example.test", "127.0.0.1"),
    { name: "x.example.test", type: "CNAME", target: "x.example.test" },
    { name: "out.example.test", type: "CNAME", target: "example.org" },
  ]);
  expect(ask(local, "a.example.test", "A").data).toEqual(["b.example.test", "c.example.test", "127.0.0.1"]);
  expect(ask(local, "x.example.test", "A").data).toHaveLength(8);
  expect(ask(local, "out.example.test", "A")).toMatchObject({ rcode: 0, data: ["example.org"] });
});

test("faults, whatever the type", () => {
  const local = zone([
    { name: "ill.example.test", type: "fault", fault: "servfail" },
    { name: "shut.example.test", type: "fault", fault: "refused" },
    { name: "deaf.example.test", type: "fault", fault: "drop" },
  ]);
  expect(ask(local, "ill.example.test", "SRV").rcode).toBe(2);
  expect(ask(local, "shut.example.test", "A").rcode).toBe(5);
  expect(ask(local, "deaf.example.test", "A").rcode).toBe("drop");
});

const GLOBAL = "_xmpp-client._tcp.example.test";
const regions: Readonly<Record<string, string[]>> = {
  "198.51.100.0/24": ["eu", "us", "ap"],
  "203.0.113.0/24": ["ap", "us", "eu"],
};
const worldwide = zone(
  [
    ...["us", "eu", "ap"].map((region) => srv(GLOBAL, `${region}.example.test`, 5, region)),
    a("example.test", "192.0.2.1", "us"),
    a("example.test", "192.0.2.2", "eu"),
    srv("_xmpp-client._tcp.eu.example.test", "h.eu.example.test", 5),
  ],
  { nearest: (source) => regions[source] ?? ["us"] },
);

test("the nearest region has the lowest priority, the others follow by distance", () => {
  const order = (source: string) => {
    const targets = ask(worldwide, GLOBAL, "SRV", source).data as { target: string; priority: number }[];
    expect(targets.map(({ priority }) => priority)).toEqual(
      [...targets.map(({ priority }) => priority)].sort((x, y) => x - y),
    );
    expect(new Set(targets.map(({ priority }) => priority)).size).toBe(3);
    return targets.map(({ target }) => target.slice(0, 2));
  };
  expect(order("198.51.100.0/24")).toEqual(["eu", "us", "ap"]);
  expect(order("203.0.113.0/24")).toEqual(["ap", "us", "eu"]);
  expect(ask(worldwide, "example.test", "A", "198.51.100.0/24").data).toEqual(["192.0.2.2", "192.0.2.1"]);
});

test("regions nobody ranked come last; a regional domain is the same for all", () => {
  const targets = ask(worldwide, GLOBAL, "SRV", "10.0.0.0/8").data as { target: string; priority: number }[];
  expect(targets[0]).toMatchObject({ target: "us.example.test", priority: 5 });
  expect(targets.slice(1).map(({ priority }) => priority)).toEqual([105, 105]);
  const regional = ask(worldwide, "_xmpp-client._tcp.eu.example.test", "SRV");
  expect(regional).toMatchObject({ ordered: false, data: [{ priority: 5 }] });
});

test("malformed data is told, every record of it", () => {
  const bad = [
    srv("_x._tcp..test", "ok.test"),
    srv("ok.test", "no good"),
    srv("fine.test", "."),
    a("v4.test", "999.1.1.1"),
    srv("p.test", "h.test", -1),
  ];
  expect(() => zone(bad)).toThrow(/"_x\._tcp\.\.test".*; ok\.test SRV.*; v4\.test A: .*; p\.test SRV: /);
});

test("the zones that records imply", () => {
  expect(zonesOf([srv("_xmpp-server._tcp.EU.test", "h.eu.test"), a("h.eu.test", "127.0.0.1")])).toEqual([
    "eu.test",
    "h.eu.test",
  ]);
});
