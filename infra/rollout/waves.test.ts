import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { awsRegions } from "../../regions/aws-regions.ts";
import { loadWorld, parseWorld } from "../../regions/world.ts";
import { continentCap, frozen, steps } from "./waves.ts";

const seven = loadWorld(new URL("../../regions/worlds/seven-continents.json", import.meta.url).pathname);

const worlds = fc
  .record({
    aws: fc.shuffledSubarray([...awsRegions.keys()], { minLength: 1, maxLength: 12 }),
    waves: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 12, maxLength: 12 }),
    parallelRegions: fc.integer({ min: 1, max: 5 }),
    continentShare: fc.double({ min: 0.05, max: 1, noNaN: true }),
  })
  .map(({ aws, waves, parallelRegions, continentShare }) =>
    parseWorld({
      name: "random",
      domains: { global: "example.org" },
      regions: aws.map((name, index) => ({
        name: `r${index}`,
        aws: name,
        location: { name, latitude: 0, longitude: 0 },
        wave: waves[index],
      })),
      rollout: { parallelRegions, continentShare },
    }),
  );

test("every region is in one step, the canary first and alone, then by wave", () => {
  fc.assert(
    fc.property(worlds, (world) => {
      const order = steps(world);
      expect(order[0]).toEqual({ wave: 0, regions: [world.rollout.canary] });
      expect(order.flatMap((step) => step.regions).toSorted()).toEqual(
        world.regions.map(({ name }) => name).toSorted(),
      );
      const waves = order.map((step) => step.wave);
      expect(waves).toEqual(waves.toSorted((a, b) => a - b));
    }),
  );
});

test("no step is larger than the caps on regions and on each continent", () => {
  fc.assert(
    fc.property(worlds, (world) => {
      for (const { regions } of steps(world)) {
        expect(regions.length).toBeLessThanOrEqual(world.rollout.parallelRegions);
        const touched = world.regions.filter((region) => regions.includes(region.name));
        for (const region of touched) {
          const same = touched.filter((other) => other.location.continent === region.location.continent);
          expect(same.length).toBeLessThanOrEqual(continentCap(world, region));
        }
      }
    }),
  );
});

test("seven continents: the canary, then three waves of two", () => {
  expect(steps(seven).map((step) => step.regions.join("+"))).toEqual(["an", "na+sa", "eu+af", "as+oc"]);
  expect(steps(seven, ["oc", "eu"]).map((step) => step.regions.join("+"))).toEqual(["eu", "oc"]);
});

test("a freeze holds from its first moment until its end", () => {
  const [window] = seven.rollout.freeze;
  const [from, until] = [Date.parse(window!.from), Date.parse(window!.until)];
  expect([from - 1, from, until - 1, until].map((at) => frozen(seven, at) !== undefined)).toEqual([
    false,
    true,
    true,
    false,
  ]);
});
