// A storage's secret: made once, whichever of its nodes wants it first, and however late another one writes.
import { expect, test } from "@jest/globals";
import { StoreFaults } from "../../test/harness/faulty-store.ts";
import { DOCUMENTS } from "../documents/store.ts";
import type { Stores } from "../ports/store.ts";
import { memoryStores } from "../storage/memory/stores.ts";
import { storedSecret } from "./stored-secret.ts";

test("a node that found none and comes late has the one that another node made and uses already", async () => {
  const stores = memoryStores([DOCUMENTS]);
  const late: Pick<Stores, "of"> = { of: (key) => stores.of(key) };
  const faults = new StoreFaults();
  faults.guard(late);
  for (const write of ["documents.put", "documents.replace"]) faults.set(write, "hangs");
  const second = storedSecret(late, "tokens");
  await faults.hanging(1);
  const first = await storedSecret(stores, "tokens");
  for (const write of ["documents.put", "documents.replace"]) faults.set(write, "works");
  expect(await second).toEqual(first);
  expect(await storedSecret(stores, "tokens")).toEqual(first);
  expect(await storedSecret(stores, "decoy")).not.toEqual(first);
  expect(first).toHaveLength(32);
});
