import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { type WorldInput, worldJsonSchema } from "./schema.ts";
import { loadWorld, parseWorld, regionOf, WorldError, worldFileOf } from "./world.ts";
import { cloudProblems } from "./world-problems.ts";

const examples = ["local-3", "seven-continents", "two-regions-small"];
const worldFile = (name: string) => new URL(`worlds/${name}.json`, import.meta.url).pathname;

function region(name: string, more: object = {}) {
  return { name, location: { name: "Somewhere", latitude: 1, longitude: 2 }, wave: 1, ...more };
}

function problemsOf(world: object): readonly string[] {
  try {
    parseWorld({ name: "test", domains: { global: "example.org" }, ...world });
  } catch (error) {
    if (error instanceof WorldError) return error.problems;
    throw error;
  }
  return [];
}

test.each(examples)("the example world %s is whole and ready for the cloud", (name) => {
  const world = loadWorld(worldFile(name));
  expect(world.name).toBe(name);
  expect(cloudProblems(world)).toEqual([]);
});

test.each(examples)("the file that says everything of %s makes the same world", (name) => {
  const world = loadWorld(worldFile(name));
  expect(parseWorld(JSON.parse(JSON.stringify(worldFileOf(world))))).toEqual(world);
});

test("seven continents are seven regions of five nodes, each on its own continent", () => {
  const world = loadWorld(worldFile("seven-continents"));
  expect(world.regions.map((each) => each.size.nodes.min)).toEqual([5, 5, 5, 5, 5, 5, 5]);
  expect(new Set(world.regions.map((each) => each.location.continent)).size).toBe(7);
});

test("the JSON Schema written down is the one of schema.ts (node regions/write-schema.ts)", () => {
  const written = JSON.parse(readFileSync(new URL("world.schema.json", import.meta.url), "utf8"));
  expect(written).toEqual(JSON.parse(JSON.stringify(worldJsonSchema())));
});

test("a world needs little: what is left out has a default", () => {
  const minimal: WorldInput = { name: "tiny", domains: { global: "example.org" }, regions: [region("eu")] };
  const world = parseWorld(minimal);
  expect(regionOf(world, "eu")).toMatchObject({ domain: "eu.example.org", aws: undefined, size: { from: "small" } });
  expect(world.rollout.canary).toBe("eu");
  expect(cloudProblems(world)).toHaveLength(2);
});

test("a domain may be written in any form, and is kept as DNS has it", () => {
  const policies = [{ domains: ["*.Spam.Example.", "BÜCHER.example", "*"], refuse: true }];
  const written = ["BÜCHER.Example.", "bu\u0308cher.example", "XN--Bcher-kva.example", "xn--bcher-kva.example."];
  for (const global of written) {
    const world = parseWorld({
      name: "test",
      domains: { global },
      federation: { policies },
      regions: [region("eu"), region("us", { domain: `US.${global}` })],
    });
    expect(world.domains).toEqual({ global: "xn--bcher-kva.example", regional: "xn--bcher-kva.example" });
    expect(world.regions.map(({ domain }) => domain)).toEqual(
      ["eu", "us"].map((name) => `${name}.xn--bcher-kva.example`),
    );
    expect(world.regions[0]?.federation.policies?.[0]?.domains).toEqual(["*.spam.example", "bücher.example", "*"]);
  }
  for (const global of [
    "example",
    "[::1]",
    "exa mple.org",
    "-a.example",
    "",
    `${"a".repeat(64)}.example`,
    "ex_ample.org",
  ])
    expect([global, problemsOf({ domains: { global }, regions: [region("eu")] })[0]]).toEqual([
      global,
      expect.stringMatching(/^domains\.global: /),
    ]);
});

test("every mistake between settings is told at once, with its path", () => {
  const problems = problemsOf({
    regions: [
      region("eu", { aws: "eu-nowhere-1", network: "10.0.0.0/16", image: "meridian:latest" }),
      region("us", { domain: "eu.example.org", network: "10.0.128.0/17" }),
      region("us", {
        domain: "example.org",
        network: "8.8.0.0/16",
        size: { from: "standard", nodes: { min: 1, max: 9 } },
      }),
      region("ap", { network: "10.9.0.1/16", size: { sessionsPerNode: 40_000, memory: 2048, cpu: 1000 } }),
      region("af", { network: "10.8.0.0/24", size: { nodes: { min: 5, max: 4 } } }),
    ],
    rollout: {
      canary: "mars",
      freeze: [{ from: "2026-01-02T00:00:00Z", until: "2026-01-01T00:00:00Z", why: "backwards" }],
    },
  });
  const paths = problems.map((problem) => problem.slice(0, problem.indexOf(":")));
  expect(paths).toEqual([
    "regions[2].name",
    "regions[1].domain",
    "regions[2].domain",
    "regions[0].aws",
    "regions[0].image",
    "regions[2].size.nodes.min",
    "regions[2].network",
    "regions[3].size.cpu",
    "regions[3].size.memory",
    "regions[3].network",
    "regions[4].size.nodes.max",
    "regions[4].network",
    "regions[1].network",
    "rollout.canary",
    "rollout.freeze[0].until",
  ]);
});

test("mistakes of shape are told at once: no wave, unknown settings, sizes below their floor, a place off the earth", () => {
  const problems = problemsOf({
    colour: "blue",
    regions: [
      { ...region("eu"), wave: undefined },
      region("us", { size: { nodes: { min: 0, max: 1 } }, location: { name: "x", latitude: 91, longitude: 0 } }),
      region("ap", { size: { nodez: 1 } }),
    ],
  });
  expect(problems).toHaveLength(5);
  expect(problems.find((problem) => problem.startsWith("regions[0].wave: no wave"))).toBeDefined();
  expect(problems.find((problem) => problem.startsWith("regions[1].size.nodes.min:"))).toBeDefined();
  expect(problems).toContain("regions[2].size.nodez: unknown setting");
  expect(problems).toContain("colour: unknown setting");
});

test("keys that JavaScript knows are unknown settings like any other", () => {
  const world = JSON.parse('{"name":"test","domains":{"global":"example.org"},"regions":[],"__proto__":{"a":1}}');
  expect(() => parseWorld(world)).toThrow(WorldError);
});

test("a file that is none, or no JSON, is named", () => {
  expect(() => loadWorld("/nowhere/world.json")).toThrow(/\/nowhere\/world\.json:\n {2}cannot be read/);
  expect(() => loadWorld(new URL("world.ts", import.meta.url).pathname)).toThrow(/is not JSON/);
});
