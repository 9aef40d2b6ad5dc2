import { expect, test } from "@jest/globals";
import { awsRegions } from "./aws-regions.ts";
import { hostsFor, regionCost, unknownPrices, worldCost } from "./cost.ts";
import prices from "./prices.json" with { type: "json" };
import { resolveSize, sizes } from "./sizes.ts";
import { loadWorld, regionOf } from "./world.ts";

const world = (name: string) => loadWorld(new URL(`worlds/${name}.json`, import.meta.url).pathname);

test("every part of every size has a price, and every AWS region a factor", () => {
  for (const size of Object.values(sizes)) expect(unknownPrices(size)).toEqual([]);
  expect(Object.keys(prices.factor).toSorted()).toEqual([...awsRegions.keys()].toSorted());
  expect(prices.date).toMatch(/^\d{4}-\d{2}-\d{2}$/);
});

test("a part without a price is told, with those that have one", () => {
  const size = resolveSize({ from: "small", cache: { nodeType: "constructor", replicas: 0 } });
  expect(unknownPrices(size)).toEqual([expect.stringMatching(/^constructor \(known are cache\.t4g\.micro/)]);
});

test("the lines of a region add up, and the regions add up to the world", () => {
  const cost = worldCost(world("seven-continents"));
  for (const region of cost.regions) {
    expect(region.usd).toBeCloseTo(
      region.lines.reduce((sum, line) => sum + line.usd, 0),
      2,
    );
    for (const line of region.lines) expect(line.usd).toBeGreaterThanOrEqual(0);
  }
  expect(cost.usd).toBeCloseTo(
    cost.regions.reduce((sum, region) => sum + region.usd, 0),
    2,
  );
});

test("a small region stays below 100 dollars; a large one costs more than a standard one", () => {
  const region = regionOf(world("two-regions-small"), "us");
  expect(regionCost(region).usd).toBeGreaterThan(40);
  expect(regionCost(region).usd).toBeLessThan(100);
  const standard = regionCost({ ...region, size: sizes.standard }).usd;
  expect(standard).toBeGreaterThan(regionCost(region).usd);
  expect(regionCost({ ...region, size: sizes.large }).usd).toBeGreaterThan(standard);
});

test("the figure of a node is the price times the hours: one vCPU and 4 GiB for 730 hours", () => {
  const region = { ...regionOf(world("two-regions-small"), "us"), size: sizes.standard };
  expect(regionCost(region).lines[0]).toEqual({ what: "3 nodes on Fargate", usd: 102.1 });
});

test("hosts are enough for CPU and memory", () => {
  expect(hostsFor(sizes.large, 6)).toBe(3);
  expect(hostsFor({ ...sizes.large, memory: 7168 }, 6)).toBe(6);
  expect(hostsFor(sizes.standard, 6)).toBe(0);
});
