// Tests that the parse benchmark runs, and that every reader in it reads all.
import { expect, test } from "@jest/globals";
import { run, table } from "./parse.ts";

test("each reader is measured on the same stanzas", () => {
  const figures = run({ stanzas: 50, rounds: 1, chunkBytes: 100 });
  expect(figures.map(({ name }) => name)).toEqual([
    "meridian",
    "meridian with trees",
    "ltx",
    "ltx with trees",
    "saxes",
  ]);
  for (const { megabytes, micros } of figures) {
    expect(megabytes).toBeGreaterThan(0);
    expect(micros).toBeGreaterThan(0);
  }
  expect(table(figures)).toHaveLength(5);
});
