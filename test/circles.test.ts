// Inside a part arrows go one way: no circle of files, none of folders, and none upward, types included.
import { dirname } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { type Arrows, circlesOf, filesOf, importsOf } from "./harness/imports.ts";

/** Parts whose inside is held, each with its folders from the lowest to the highest: a folder imports lower ones only. */
const PARTS = ["xmpp", "contract", "server", "federation"] as const;

/** Circles that are there yet, by part: how many files, and how many folders, are in one. Only ever less. */
const LEFT: Readonly<Record<(typeof PARTS)[number], { readonly files: number; readonly folders: number }>> = {
  xmpp: { files: 4, folders: 0 },
  contract: { files: 0, folders: 0 },
  server: { files: 40, folders: 48 },
  federation: { files: 12, folders: 5 },
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
    expect(circlesOf(files).flat().length).toBeLessThanOrEqual(LEFT[part].files);
  });

  test("has no circle of folders", () => {
    expect(circlesOf(arrowsBetweenFolders(files)).flat().length).toBeLessThanOrEqual(LEFT[part].folders);
  });
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
