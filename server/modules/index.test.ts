// The modules there are: each is in the contract with its settings, and leaves nothing of itself at a host.
import { expect, test } from "@jest/globals";
import { HostConfig } from "../../contract/contract.ts";
import { FakeHost } from "../../test/harness/fake-host.ts";
import { MODULES } from "./index.ts";

test("each module is in the contract, and each of the contract is one", () => {
  const all = Object.fromEntries([...MODULES.keys()].map((name) => [name, {}]));
  const { modules } = HostConfig.parse({ domain: "verona.test", modules: all });
  expect(Object.keys(HostConfig.shape.modules.unwrap().shape).sort()).toEqual([...MODULES.keys()].sort());
  for (const [name, settings] of Object.entries(modules)) expect(settings).toEqual(MODULES.get(name)?.config.parse({}));
});

test.each([...MODULES.values()].map((module) => [module.name, module] as const))(
  "%s leaves nothing of itself once it is over, and can begin anew",
  async (_name, module) => {
    const needs = (module.needs ?? []).map((name) => MODULES.get(name) ?? module);
    const fake = await FakeHost.with(needs);
    const before = fake.registered();
    await fake.become([module]);
    const during = fake.registered();
    await fake.become(needs);
    expect(fake.registered()).toEqual(before);
    await fake.become([module]);
    expect(fake.registered()).toEqual(during);
    await fake.modules.end();
    expect(fake.registered()).toEqual([
      "copy rules 0",
      "farewells 0",
      "observers 0",
      "observers of gaps 0",
      "observers of members 0",
      "timers 0",
    ]);
  },
);
