// docs/conformance.md says what the modules declare.
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { conformancePage } from "./conformance.ts";

test("the page is current", () => {
  const page = readFileSync(new URL("../docs/conformance.md", import.meta.url), "utf8");
  expect(page).toBe(conformancePage());
});

test("every row names a specification by number", () => {
  for (const line of conformancePage()
    .split("\n")
    .filter((text) => text.startsWith("| ["))) {
    expect(line).toMatch(/^\| \[(RFC \d{4}|XEP-\d{4})\]\(https:\/\/[a-z./-]+\d{4}(\.html)?\) \| [0-9.§ ]*\| /);
  }
});

test("each XEP is told in one version, whatever parts implement it", () => {
  const versions = new Map<string, Set<string>>();
  for (const [, xep = "", version = ""] of conformancePage().matchAll(/^\| \[(XEP-\d{4})\]\S+ \| ([\d.]*) /gm))
    versions.set(xep, (versions.get(xep) ?? new Set()).add(version));
  expect(versions.size).toBeGreaterThan(20);
  expect([...versions].filter(([, all]) => all.size > 1)).toEqual([]);
});
