// Numbers and what is counted.
import { expect, test } from "@jest/globals";
import { counted } from "./counted.ts";

test("one is one, and none are many", () => {
  expect([0, 1, 2].map((count) => counted(count, "node"))).toEqual(["0 nodes", "1 node", "2 nodes"]);
  expect([1, 2].map((count) => counted(count, "address", "addresses"))).toEqual(["1 address", "2 addresses"]);
});
