// What a node loads leaves the methods of strings as quick as they were: every character of a stanza is asked for by one.
import { execFileSync } from "node:child_process";
import { expect, test } from "@jest/globals";

/** All that a node loads, parts that only some nodes need among them, and what can make lookups of primitives slow. */
const LOADS = [
  "server/node.ts",
  "server/cluster/cluster.ts",
  "server/cluster/shared/limits-redis.ts",
  "server/storage/sql/engines/postgres.ts",
  "server/storage/sql/engines/mysql.ts",
  "server/edge/http.ts",
  "server/observe/listener.ts",
  "federation/index.ts",
];

/** V8's own word for a layout by which optimized code needs no search; asked in a process of its own. */
function quickAfter(loads: readonly string[]): unknown {
  const script = `
    for (const file of ${JSON.stringify(loads)}) await import(file);
    const quick = (made) => %HasFastProperties(made.prototype);
    console.log(JSON.stringify({ strings: quick(String), numbers: quick(Number), symbols: quick(Symbol), bigints: quick(BigInt) }));`;
  const flags = ["--allow-natives-syntax", "--input-type=module", "--eval", script];
  return JSON.parse(execFileSync(process.execPath, flags, { encoding: "utf8" }));
}

test("strings, numbers, symbols and bigints have quick methods once all of a node is loaded", () => {
  const loads = LOADS.map((file) => new URL(`../../${file}`, import.meta.url).href);
  expect(quickAfter(loads)).toEqual({ strings: true, numbers: true, symbols: true, bigints: true });
});

test("a class of strings makes them slow, so that the test above can fail", () => {
  expect(quickAfter([`data:text/javascript,class S extends String {}`])).toMatchObject({ strings: false });
});
