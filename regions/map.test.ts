import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { SaxesParser } from "saxes";
import { arcs, heightFor, project, worldMapSvg } from "./map.ts";
import outlines from "./outlines.json" with { type: "json" };
import { loadWorld, parseWorld } from "./world.ts";

const seven = loadWorld(new URL("worlds/seven-continents.json", import.meta.url).pathname);
const place = fc.record({
  latitude: fc.double({ min: -85, max: 85, noNaN: true }),
  longitude: fc.double({ min: -180, max: 180, noNaN: true }),
});

/** The drawn elements with their attributes; throws when the picture is not well-formed. */
function elementsOf(svg: string): { name: string; attributes: Record<string, string> }[] {
  const elements: { name: string; attributes: Record<string, string> }[] = [];
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", (tag) =>
    elements.push({ name: tag.name, attributes: tag.attributes as Record<string, string> }),
  );
  parser.write(svg).close();
  return elements;
}

test("a world of seven regions has seven markers and a link for each pair", () => {
  const elements = elementsOf(worldMapSvg(seven));
  expect(elements.filter(({ attributes }) => attributes["data-region"])).toHaveLength(7);
  expect(elements.filter(({ attributes }) => attributes["data-link"])).toHaveLength(21);
});

test("a link that is down is drawn broken, whichever region is named first", () => {
  const elements = elementsOf(worldMapSvg(seven, { down: [["eu", "na"]], theme: "dark" }));
  const broken = elements.filter(({ attributes }) => attributes["stroke-dasharray"]);
  expect(broken.map(({ attributes }) => attributes["data-link"])).toEqual(["na eu"]);
});

test("text of an operator is text, whatever it holds", () => {
  const hostile = parseWorld({
    name: "hostile",
    domains: { global: "example.org" },
    regions: [{ name: "eu", location: { name: '<script>"&', latitude: 0, longitude: 0 }, wave: 1 }],
  });
  const svg = worldMapSvg(hostile, { title: "</title><script>" });
  expect(elementsOf(svg).some(({ name }) => name === "script")).toBe(false);
});

test("every place lies on the picture, and north is up", () => {
  fc.assert(
    fc.property(place, fc.integer({ min: 100, max: 4000 }), (at, width) => {
      const { x, y } = project(at, width);
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThanOrEqual(width + 1e-9 * width);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(y).toBeLessThanOrEqual(heightFor(width) + 1e-9 * width);
    }),
  );
  expect(project({ latitude: 50, longitude: 0 }, 1000).y).toBeLessThan(
    project({ latitude: -20, longitude: 0 }, 1000).y,
  );
});

test("a link begins and ends at its regions and takes the short way round the earth", () => {
  fc.assert(
    fc.property(place, place, (a, b) => {
      const width = 1000;
      const drawn = arcs(a, b, width);
      const ends = [project(a, width), project(b, width)];
      const near = (p: { x: number; y: number }) =>
        ends.some((end) => [0, -width, width].some((turn) => Math.hypot(p.x - end.x - turn, p.y - end.y) < 1e-6));
      for (const { from, to, control } of drawn) {
        expect(near(from) && near(to)).toBe(true);
        expect(Math.abs(to.x - from.x)).toBeLessThanOrEqual(width / 2 + 1e-6);
        expect(control.y).toBeGreaterThanOrEqual(0);
      }
    }),
  );
});

test("the land lies within the earth and no outline jumps over the map", () => {
  for (const ring of outlines.rings)
    for (let i = 2; i < ring.length; i += 2) expect(Math.abs(ring[i]! - ring[i - 2]!)).toBeLessThan(90);
});
