// The modules there are and those that a configuration can name are the same, with the same settings.
import { expect, test } from "@jest/globals";
import { HostConfig } from "../../contract/contract.ts";
import { MODULES } from "./index.ts";

test("each module is in the contract, and each of the contract is one", () => {
  const all = Object.fromEntries([...MODULES.keys()].map((name) => [name, {}]));
  const { modules } = HostConfig.parse({ domain: "verona.test", modules: all });
  expect(Object.keys(modules).sort()).toEqual([...MODULES.keys()].sort());
  for (const [name, settings] of Object.entries(modules)) expect(settings).toEqual(MODULES.get(name)?.config.parse({}));
});

test("a configuration has no module that is not there", () => {
  const schema = HostConfig.shape.modules.unwrap();
  expect(Object.keys(schema.shape).sort()).toEqual([...MODULES.keys()].sort());
});
