// What the steps of every store do is what they did when they were released: databases hold their checksums.
import { expect, test } from "@jest/globals";
import { checksumOf } from "./storage/sql/history.ts";
import { STORES } from "./stores.ts";

/**
 * Of each step in each dialect, the first 16 digits. A node refuses a database whose history differs, so none of these is
 * ever changed: not by an edit of a step, and not by one of the column types that all steps share. A new step is added.
 */
const RELEASED: Readonly<Record<string, string>> = {
  "accounts/1 accounts": "a971f876a8011d33 ffc50cd6ebae9ad9 ce2316de4b7b0604",
  "accounts/2 disabled": "4b02f06863117705 f5d625bbe44f0442 f114ec4d85f5b323",
  "accounts/3 clearings": "59590dafa42b5748 6ff32d4307133bc0 1666a00d51d03c94",
  "documents/1 documents": "4c148bf2dfa30ca6 a80ee8180f0e6e76 bb17fa7dc0a71ca1",
  "held/1 held": "ecc9ddcd37e31031 fbbdb5ac523b646a 6d493403e0ea2aea",
  "held/2 keys": "0b7eb2ad9b5731ea 3fd3b5f61b7c0f5d faad72cdd4ccb355",
  "rosters/1 rosters": "5ed8e435b103b43f 023088b044e87a6d e84bbbbd0f744ec7",
  "rosters/2 contacts": "28af93523ed6e8cf 28af93523ed6e8cf d23da9e4cd36748b",
  "offline/1 offline": "92f285a99e267e6c e2bed9a3c865405b 5451dd67ac019795",
};

/** What each step of every store does now, as lines of the list above. */
const steps = new Map<string, string>(
  STORES.flatMap(({ name, sql }) =>
    (sql?.migrations ?? []).map((migration, at) => {
      const sums = (["sqlite", "postgres", "mysql"] as const).map((dialect) =>
        checksumOf(migration, dialect).slice(0, 16),
      );
      return [`${name}/${at + 1} ${migration.name}`, sums.join(" ")] as const;
    }),
  ),
);

test("no released step does anything else than it did", () => {
  expect(Object.keys(RELEASED).map((step) => [step, steps.get(step)])).toEqual(Object.entries(RELEASED));
});

test("a new step is written down: add the lines that this prints to RELEASED", () => {
  const missing = [...steps].filter(([step]) => !Object.hasOwn(RELEASED, step));
  expect(missing.map(([step, sums]) => `"${step}": "${sums}",`)).toEqual([]);
});
