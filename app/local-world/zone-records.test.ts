import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { loadWorld } from "../../regions/world.ts";
import { anyPorts, usualPorts } from "./ports.ts";
import { Zone } from "./zone.ts";
import { nearestRegions, zoneNames, zoneRecords } from "./zone-records.ts";

const world = loadWorld(join(import.meta.dirname, "..", "..", "regions", "worlds", "local-3.json"));
const published = world.regions.map((region, index) => ({ region, ports: usualPorts(index), up: true }));

test("a region is found by SRV, direct TLS and STARTTLS, and its target has an address", () => {
  const zone = new Zone({ records: zoneRecords(world, published), zones: zoneNames(world) });
  for (const [service, port] of [
    ["_xmpp-server._tcp.eu.meridian.test", 15469],
    ["_xmpps-server._tcp.eu.meridian.test", 15470],
    ["_xmpp-client._tcp.eu.meridian.test", 15422],
  ] as const) {
    const answer = zone.answer({ name: service, type: "SRV" }, "127.0.0.1/32");
    const data = answer.kind === "answer" ? answer.answers.map((each) => "data" in each && each.data) : [];
    expect(data).toEqual([{ priority: 1, weight: 10, port, target: "node-1.eu.meridian.test" }]);
  }
});

test.each([
  [["eu"], ["us", "ap"], "one"],
  [["us", "eu", "ap"], ["us", "eu", "ap"], "the last resort, all"],
])(
  "while %j are away their servers keep their records; of the global domain's clients %j are told: %s",
  (away, told) => {
    const now = published.map((each) => ({ ...each, up: !away.includes(each.region.name) }));
    const records = zoneRecords(world, now);
    for (const { domain } of world.regions)
      expect(records.filter(({ name }) => name === `_xmpp-server._tcp.${domain}`)).toHaveLength(1);
    const clients = records.filter(({ name }) => name === "_xmpp-client._tcp.meridian.test");
    expect(clients.map(({ region }) => region)).toEqual(told);
  },
);

test("a region that does not listen yet is known not to be there, and not refused", () => {
  const zone = new Zone({ records: [], zones: zoneNames(world) });
  const answer = zone.answer({ name: "_xmpp-server._tcp.eu.meridian.test", type: "SRV" }, "127.0.0.1/32");
  expect(answer).toMatchObject({ kind: "answer", rcode: 3, answers: [] });
});

test.each([
  ["127.0.0.1/32", ["us", "eu", "ap"]],
  ["127.2.0.9/32", ["eu", "us", "ap"]],
  ["127.3.0.0/24", ["ap", "eu", "us"]],
  ["10.2.7.0/24", ["eu", "us", "ap"]],
  ["10.0.0.0/8", ["us", "eu", "ap"]],
  ["::1/128", ["us", "eu", "ap"]],
  ["nonsense", ["us", "eu", "ap"]],
])("from %s the regions are near in the order %j", (prefix, order) => {
  expect(nearestRegions(world)(prefix)).toEqual(order);
});

test("ports end like the well-known ones and no two regions share one", () => {
  const all = Array.from({ length: 30 }, (_, index) => Object.values(usualPorts(index))).flat();
  expect(new Set(all).size).toBe(all.length);
  const [webs, servers] = [
    { web: 15380, webTls: 15343 },
    { server: 15369, serverTls: 15370 },
  ];
  expect(usualPorts(0)).toEqual({ client: 15322, clientTls: 15323, ...webs, ...servers });
  expect(Object.values(anyPorts)).toEqual([0, 0, 0, 0, 0, 0]);
});
