import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { byProximity, distanceKm } from "./proximity.ts";
import { loadWorld } from "./world.ts";

const world = loadWorld(new URL("worlds/seven-continents.json", import.meta.url).pathname);
const place = fc.record({
  latitude: fc.double({ min: -90, max: 90, noNaN: true }),
  longitude: fc.double({ min: -180, max: 180, noNaN: true }),
});

test("known distances are met within half a percent", () => {
  const london = { latitude: 51.5074, longitude: -0.1278 };
  const newYork = { latitude: 40.7128, longitude: -74.006 };
  expect(Math.abs(distanceKm(london, newYork) - 5570)).toBeLessThan(28);
  const fiji = { latitude: -18, longitude: 179 };
  expect(distanceKm(fiji, { latitude: -18, longitude: -179 })).toBeLessThan(220);
});

test.each([
  ["Nairobi", -1.29, 36.82, "af"],
  ["Lima", -12.05, -77.04, "sa"],
  ["Chicago", 41.88, -87.63, "na"],
  ["Oslo", 59.91, 10.75, "eu"],
  ["Manila", 14.6, 120.98, "as"],
  ["Perth", -31.95, 115.86, "oc"],
  ["McMurdo Station", -77.85, 166.67, "an"],
])("somebody in %s is sent to the nearest region", (_, latitude, longitude, expected) => {
  const nearest = byProximity(world.regions, { latitude, longitude })[0]?.name;
  expect(nearest).toBe(expected);
});

test("the order holds every region once, by rising distance, whatever the order they were given in", () => {
  fc.assert(
    fc.property(place, fc.shuffledSubarray([...world.regions], { minLength: 7 }), (from, shuffled) => {
      const order = byProximity(shuffled, from);
      const distances = order.map((region) => distanceKm(region.location, from));
      expect(distances).toEqual(distances.toSorted((a, b) => a - b));
      expect(order).toEqual(byProximity(world.regions, from));
    }),
  );
});

test("distance is symmetric, and nothing is farther than half the earth's girth", () => {
  fc.assert(
    fc.property(place, place, (a, b) => {
      expect(distanceKm(a, b)).toBeCloseTo(distanceKm(b, a), 6);
      expect(distanceKm(a, b)).toBeLessThanOrEqual(Math.PI * 6371 + 1e-6);
    }),
  );
});
