// A configuration with mistakes, as far as it can be read.
import { expect, test } from "@jest/globals";
import { z } from "zod";
import { mended } from "./mend.ts";

const Schema = z.strictObject({
  name: z.string().default("n"),
  port: z.int().max(65_535).optional(),
  more: z.strictObject({ list: z.array(z.string()).optional(), text: z.string() }).optional(),
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
  // Two mistakes in one list cost that list alone.
  [
    { hosts: [], more: { list: [1, 2], text: "t" } },
    { name: "n", hosts: [], more: { text: "t" } },
  ],
  // What cannot be spared.
  [{ hosts: [{ file: "y" }] }, undefined],
  [{ hosts: ["a"] }, undefined],
  ["nothing", undefined],
])("%j", (value, expected) => {
  const before = JSON.stringify(value);
  expect(mended(Schema, value)).toEqual(expected);
  expect(JSON.stringify(value)).toBe(before);
});

test("what cannot be spared has a stand-in; what is in a list stays where it is", () => {
  const standIns = { "hosts.#.domain": "x", "hosts.#": { domain: "y" } };
  const value = { hosts: ["a", { domain: 5, file: "f" }, { domain: "b", file: 7 }, { file: "g" }] };
  expect(mended(Schema, value, standIns)).toEqual({
    name: "n",
    hosts: [{ domain: "y" }, { domain: "x", file: "f" }, { domain: "b" }, { domain: "x", file: "g" }],
  });
  expect(mended(Schema, {}, standIns)).toBeUndefined();
});
