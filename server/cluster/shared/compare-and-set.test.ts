// Compare-and-set: nodes that meet lose nothing, and one that never gets through fails.
import { expect, test } from "@jest/globals";
import { DOCUMENTS } from "../../documents/store.ts";
import { StoreUnavailable } from "../../ports/store.ts";
import { memoryStores } from "../../storage/memory/stores.ts";
import { whileChanging } from "./compare-and-set.ts";

test("of any number that add to one document at once nobody's part is lost", async () => {
  const documents = memoryStores([DOCUMENTS]).of(DOCUMENTS);
  const add = () =>
    whileChanging(async () => {
      const before = await documents.get("d", "romeo", "count", "");
      await new Promise(setImmediate);
      const text = String(Number(before ?? 0) + 1);
      return (await documents.replace({ domain: "d", local: "romeo", kind: "count", key: "", text }, before))
        ? text
        : undefined;
    });
  const all = await Promise.all(Array.from({ length: 12 }, add));
  expect(all.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
});

test("what is always another by then fails, and is not tried for ever", async () => {
  let attempts = 0;
  const attempt = async () => {
    attempts++;
    return undefined;
  };
  await expect(whileChanging(attempt)).rejects.toThrow(StoreUnavailable);
  expect(attempts).toBe(20);
});
