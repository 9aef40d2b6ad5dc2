// A configuration with mistakes, as far as it can be read.
import { expect, test } from "@jest/globals";
import { z } from "zod";
import { mended } from "./mend.ts";

const Schema = z.strictObject({
  name: z.string().default("n"),
  port: z.int().max(65_535).optional(),
  hosts: z.array(z.strictObject({ domain: z.string(), file: z.string().optional() })),
});

test.each([
  [{ hosts: [{ domain: "a" }] }, { name: "n", hosts: [{ domain: "a" }] }],
  [
    { nme: 1, hosts: [{ domain: "a", fle: "x", file: "y" }] },
    { name: "n", hosts: [{ domain: "a", file: "y" }] },
  ],
  [
    { name: 5, port: 70_000, hosts: [] },
    { name: "n", hosts: [] },
  ],
  // A name that is nearly right is taken for what was meant.
  [{ hots: [{ domain: "a" }] }, { name: "n", hosts: [{ domain: "a" }] }],
  // What cannot be spared.
  [{ hosts: [{ file: "y" }] }, undefined],
  [{ hosts: ["a"] }, undefined],
  ["nothing", undefined],
])("%j", (value, expected) => {
  const before = JSON.stringify(value);
  expect(mended(Schema, value)).toEqual(expected);
  expect(JSON.stringify(value)).toBe(before);
});
