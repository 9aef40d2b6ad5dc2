// Inside a part arrows go one way: no circle of files, none of folders, and none upward, types included.
import { dirname } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { type Arrows, circlesOf, filesOf, importsOf } from "./harness/imports.ts";

/** Parts whose inside is held. */
const PARTS = ["xmpp", "contract", "server", "federation"] as const;

/**
 * Layers of a part, from the lowest to the highest: a folder imports what is in its own layer and in lower ones, types
 * included. A layer is a list of folders, and of files right in the part; `/**` stands for what is below a folder too.
 */
const LAYERS: Readonly<Partial<Record<(typeof PARTS)[number], readonly string[]>>> = {
  xmpp: [
    "xmpp/bounds.ts xmpp/clock.ts xmpp/random.ts xmpp/try-again.ts",
    "xmpp/xml",
    "xmpp/jid",
    "xmpp/stanza",
    "xmpp/**",
  ],
  server: [
    // What the parts of a node are to each other, and small tools that know none of them.
    "server/ports server/chunks.ts server/networks.ts server/request-checks.ts server/persistent.ts",
    "server/observe",
    "server/tls",
    "server/outgoing",
    "server/sasl",
    // How things are kept; then what is kept for no module alone, and the tables of modules.
    "server/storage/**",
    "server/documents/** server/held/** server/modules/*/migrations",
    // The cluster, as far as it knows no session.
    "server/cluster/redis",
    "server/cluster/shared server/cluster/ownership",
    "server/cluster/membership",
    "server/service",
    "server/accounts/**",
    "server/delivery",
    // A client, from its stanzas to its stream.
    "server/c2s/stream-management",
    "server/c2s",
    // The cluster, as far as it carries stanzas and sessions.
    "server/cluster/bus",
    "server/cluster/links",
    "server/cluster/routes",
    "server/cluster/sessions",
    "server/cluster",
    // A host with its modules.
    "server/module",
    "server/modules/*",
    "server/modules",
    "server/host",
    // The node.
    "server/edge server/component",
    "server/*",
  ],
  federation: [
    "federation/resolver",
    "federation/tls",
    "federation/way",
    "federation/carrying",
    "federation/dialback",
    "federation/negotiation",
    "federation/connecting",
    "federation/outgoing",
    "federation/incoming",
    "federation/diagnose",
    "federation/index.ts",
  ],
};

/** A file that stands for itself (those right in a part), or the folder it is in. */
function placeOf(file: string): string {
  const folder = dirname(file);
  return folder.includes("/") || folder === "contract" ? folder : file;
}

function arrowsBetweenFiles(part: string): Arrows {
  const files = filesOf(part).filter((file) => !file.endsWith(".test.ts"));
  return new Map(files.map((file) => [file, new Set(importsOf(file))]));
}

/** Where a place stands in its part; -1 where no layer has it. */
function layerOf(place: string, layers: readonly string[]): number {
  return layers.findIndex((layer) => layer.split(" ").some((pattern) => matchesGlob(place, pattern)));
}

/** A folder and what is below it, where a pattern says so; else exactly what it says, `*` for any name. */
function matchesGlob(place: string, pattern: string): boolean {
  if (pattern.endsWith("/**")) return `${place}/`.startsWith(pattern.slice(0, -2));
  return new RegExp(`^${pattern.replaceAll("*", "[^/]+")}$`).test(place);
}

/** Imports of what stands in a higher layer, in words. */
function upwardArrows(files: Arrows, layers: readonly string[]): string[] {
  const faults: string[] = [];
  for (const [file, imported] of files) {
    const from = layerOf(placeOf(file), layers);
    if (from === -1) faults.push(`${file}: ${placeOf(file)} stands in no layer of test/circles.test.ts`);
    for (const other of imported)
      if (files.has(other) && layerOf(placeOf(other), layers) > from)
        faults.push(`${file} imports ${other}, which stands above it`);
  }
  return faults;
}

function arrowsBetweenFolders(files: Arrows): Arrows {
  const folders = new Map<string, Set<string>>();
  for (const [file, imported] of files) {
    const from = placeOf(file);
    const to = folders.get(from) ?? new Set();
    folders.set(from, to);
    for (const other of imported) if (placeOf(other) !== from) to.add(placeOf(other));
  }
  return folders;
}

describe.each(PARTS)("%s", (part) => {
  const files = arrowsBetweenFiles(part);

  test("has no circle of files", () => {
    expect(circlesOf(files)).toEqual([]);
  });

  test("has no circle of folders", () => {
    expect(circlesOf(arrowsBetweenFolders(files))).toEqual([]);
  });

  const layers = LAYERS[part];
  if (layers !== undefined)
    test("has no arrow upward", () => {
      expect(upwardArrows(files, layers)).toEqual([]);
    });
});

test("an arrow upward is found, and a folder of no layer", () => {
  const layers = ["part/low", "part/mid/**", "part/*"];
  const files = new Map([
    ["part/low/a.ts", new Set(["part/mid/deep/b.ts"])],
    ["part/mid/deep/b.ts", new Set(["part/mid/c.ts", "part/low/a.ts"])],
    ["part/mid/c.ts", new Set(["part/main.ts"])],
    ["part/main.ts", new Set(["part/low/a.ts"])],
    ["part/new/deep/d.ts", new Set<string>()],
  ]);
  expect(upwardArrows(files, layers)).toEqual([
    "part/low/a.ts imports part/mid/deep/b.ts, which stands above it",
    "part/mid/c.ts imports part/main.ts, which stands above it",
    "part/new/deep/d.ts: part/new/deep stands in no layer of test/circles.test.ts",
  ]);
});

test("a circle is found", () => {
  const arrows = (pairs: Record<string, string[]>) => new Map(Object.entries(pairs).map(([k, v]) => [k, new Set(v)]));
  expect(circlesOf(arrows({ a: ["b"], b: ["c"], c: ["b"], d: ["a"] }))).toEqual([["b", "c"]]);
  expect(circlesOf(arrows({ a: ["b"], b: ["a", "c"], c: ["d"], d: ["c"], e: ["e"] }))).toEqual([
    ["c", "d"],
    ["a", "b"],
  ]);
  expect(circlesOf(arrows({ a: ["b"], b: [], c: ["a", "b"] }))).toEqual([]);
});
