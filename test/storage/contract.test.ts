// The contract of stores: each store's own suite, on every backend that the store can be kept by.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { BACKENDS } from "../../server/storage/backends.ts";
import { STORES } from "../../server/stores.ts";
import { needing } from "../harness/needing.ts";
import { type Backend, backends } from "./backends.ts";
import { textsContract } from "./contract-texts.ts";
import { KEEPING, sampleOf } from "./kept.ts";
import { outageContract } from "./outage.ts";
import { sharedContract } from "./shared.ts";
import { SUITES } from "./stores/all.ts";

test("every store has a suite and a sample, and can be kept by every kind of backend that there is", () => {
  expect(STORES.map(({ name }) => name).filter((name) => SUITES[name] === undefined)).toEqual([]);
  for (const store of KEEPING) sampleOf(store);
  const missing = STORES.flatMap((store) =>
    Object.entries(BACKENDS).flatMap(([kind, { family }]) =>
      store[family] === undefined ? [`${store.name} ${kind}`] : [],
    ),
  );
  expect(missing).toEqual([]);
});

for (const backend of backends) {
  needing(...backend.needs).describe(`storage on ${backend.name}`, () => {
    beforeAll(() => backend.prepare());
    afterAll(() => backend.end());
    for (const { name } of STORES) describe(name, () => suiteOf(name, backend));
    textsContract(backend);
    if (backend.persistent) sharedContract(backend);
    if (backend.mayDie) outageContract(backend);
  });
}

function suiteOf(name: string, backend: Backend): void {
  const { alone = [], shared = [], ofServers = [] } = SUITES[name] ?? {};
  for (const contract of alone) contract(backend);
  if (backend.persistent) for (const contract of shared) contract(backend);
  if (backend.mayDie) for (const contract of ofServers) contract(backend);
}
