// Mistakes of a configuration file: all in one go, in words, with the place of each.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { placesOf } from "./json-places.ts";
import { ConfigError, loadConfig } from "./load.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "meridian-load-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is told of a file; nothing where it is good. */
function told(text: string): readonly string[] {
  const file = join(folder, "node.json");
  writeFileSync(file, text);
  try {
    loadConfig(file);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

test("shape and cross-checks are told together, each with line and column", () => {
  expect(
    told(`{
  "node": "n",
  "hosts": [{ "domain": "a.test" }, { "domain": "A.test." }],
  "listners": [],
  "listeners": [{ "kind": "c2s", "port": 70000 }, { "kind": "metrics", "port": 1, "address": "::", "exposd": true }],
  "storage": { "kind": "sqlite", "fiel": "x" }
}`),
  ).toEqual([
    expect.stringMatching(/^listeners\[0\]\.port: .*65535.*line 5, column/),
    expect.stringContaining('listeners[1].exposd: "exposd" is no setting; did you mean "exposed"? (line 5, column'),
    "storage.file: is missing (line 6, column 3)",
    expect.stringContaining('storage.fiel: "fiel" is no setting; did you mean "file"? (line 6, column'),
    'listners: "listners" is no setting; did you mean "listeners"? (line 4, column 3)',
    expect.stringContaining("hosts[1].domain: a.test is served by hosts[0] already (line 3, column"),
    expect.stringContaining("listeners[1].address: metrics beyond loopback need `exposed: true` (line 5, column"),
  ]);
});

test("a name that is like none is told with those there are", () => {
  const good = `"node":"n","hosts":[{"domain":"a.test"}],"listeners":[{"kind":"c2s","port":1}]`;
  expect(told(`{${good},"storage":{"kind":"memory","colour":1}}`)[0]).toContain(
    'storage.colour: "colour" is no setting; there are kind',
  );
});

test("what is no JSON is told with its line", () => expect(told('{\n "a": 1,\n}')[0]).toMatch(/line 3, column 1/));

test("a place is that of the nearest thing that is there", () => {
  const place = placesOf('{"a": [1, {"b": "x\\"y"}],\n "c": {}}');
  expect([place(["a", 1, "b"]), place(["c", "d"]), place([]), place(["zz"])]).toEqual([
    { line: 1, column: 12 },
    { line: 2, column: 2 },
    undefined,
    undefined,
  ]);
});

test("a setting that is given twice is told, and what is in it with it", () => {
  const good = `"node":"n","hosts":[{"domain":"a.test"}],"listeners":[{"kind":"c2s","port":1}]`;
  expect(
    told(`{${good},
  "storage":{"kind":"memory","kind":"memory"},"log":{"level":"info"},
  "drainSeconds":1,"log":{"level":"debug"}}`),
  ).toEqual(["storage.kind: is given twice (line 2, column 14)", "log: is given twice (line 2, column 47)"]);
});
