// Every error that is told to an operator is one of two classes, whatever part it comes from.
import { expect, test } from "@jest/globals";
import { ConfigError } from "./load.ts";
import { Failure, listOf, Mistake } from "./told.ts";

test("a configuration's mistakes are a mistake, with each of them", () => {
  const error = new ConfigError("node.json", ["node: is missing", "hosts: is missing"]);
  expect(error).toBeInstanceOf(Mistake);
  expect(error).not.toBeInstanceOf(Failure);
  expect(error).toMatchObject({ name: "ConfigError", problems: ["node: is missing", "hosts: is missing"] });
  expect(error.message).toBe("node.json:\n  node: is missing\n  hosts: is missing");
});

test("a mistake that is one thing has no list", () => {
  expect(new Mistake("a port is a number").problems).toBeUndefined();
  expect(listOf("certificates", ["a: expired"])).toBe("certificates:\n  a: expired");
});
