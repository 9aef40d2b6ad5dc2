// docs/configuration.md and its JSON Schema say what the contract has, and every setting says what it is for.
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { configurationSchema, referencePage, settings } from "./reference.ts";

const doc = (name: string) => readFileSync(new URL(`../docs/${name}`, import.meta.url), "utf8");

test("the page is current", () => expect(doc("configuration.md")).toBe(referencePage()));

test("the schema is current", () => {
  expect(JSON.parse(doc("configuration.schema.json"))).toEqual(JSON.parse(JSON.stringify(configurationSchema())));
});

test("every setting has one row and says what it is for", () => {
  const all = settings();
  expect(all.length).toBeGreaterThan(150);
  expect(all.filter(({ what }) => what === "").map(({ path }) => path)).toEqual([]);
  expect(new Set(all.map(({ path }) => path)).size).toBe(all.length);
});

test("settings of modules are among them, with their defaults", () => {
  expect(settings()).toContainEqual({
    path: "hosts[].modules.roster.maxItems",
    type: "integer from 1",
    default: "1000",
    what: "Contacts of one roster; strangers whose requests wait do not count.",
  });
});
