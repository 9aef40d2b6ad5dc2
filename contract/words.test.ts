// What the schema library says by itself, as operators read it: a new version that says it otherwise shows here.
import { expect, test } from "@jest/globals";
import { z } from "zod";
import { inWords } from "./words.ts";

test.each<[z.ZodType, unknown, string]>([
  [z.int().max(65_535), 70_000, "must be at most 65535"],
  [z.number().min(1), -1, "must be at least 1"],
  [z.number().positive(), 0, "must be more than 0"],
  [z.array(z.int()).min(1), [], "must have at least 1 items"],
  [z.string().min(2), "", "must have at least 2 characters"],
  [z.number(), "300", "must be a number, not a string"],
  [z.int(), 1.5, "must be a whole number, not a number"],
  [z.boolean(), "yes", "must be true or false, not a string"],
  [z.record(z.string(), z.unknown()), true, "must be an object, not boolean"],
  [z.object({}), [], "must be an object, not a list"],
  [z.literal(false), 1, "must be false"],
  [z.enum(["starttls", "direct"]), "x", "must be one of starttls, direct"],
  [
    z.discriminatedUnion("kind", [z.object({ kind: z.literal("a") }), z.object({ kind: z.literal("b") })]),
    { kind: "c" },
    "must be one of a, b",
  ],
  [
    z.string().refine(() => false, { error: "a secret has at least 16 characters" }),
    "",
    "a secret has at least 16 characters",
  ],
])("%#: %j", (schema, value, words) => {
  const { error } = schema.safeParse(value);
  expect(error?.issues.map(({ message }) => inWords(message))).toEqual([words]);
});
