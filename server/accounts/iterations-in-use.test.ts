// What a stranger is told of iterations says nothing of whether an account exists, also after their number was changed.

import { expect, test } from "@jest/globals";
import { DOCUMENTS } from "../documents/store.ts";
import { decoyKeys } from "../sasl/scram-keys.ts";
import { memoryStores } from "../storage/memory/stores.ts";
import { deriveCredentials } from "./credentials.ts";
import { iterationsInUse } from "./iterations-in-use.ts";
import { ACCOUNTS } from "./store.ts";

const DOMAIN = "verona.test";
const SECRET = Buffer.alloc(32, 7);

test("numbers are remembered from start to start, whatever the setting is by then", async () => {
  const storage = memoryStores([ACCOUNTS, DOCUMENTS]);
  expect(await iterationsInUse(storage, 10_000, [DOMAIN])).toEqual([10_000]);
  expect(await iterationsInUse(storage, 20_000, [DOMAIN])).toEqual([10_000, 20_000]);
  expect(await iterationsInUse(storage, 4_096, [DOMAIN])).toEqual([4_096, 10_000, 20_000]);
});

test("accounts that were there before anything was remembered are looked at", async () => {
  const storage = memoryStores([ACCOUNTS, DOCUMENTS]);
  await storage.of(ACCOUNTS).create(DOMAIN, "juliet", await deriveCredentials("pencil and paper", 5_000), 1);
  expect(await iterationsInUse(storage, 10_000, [DOMAIN])).toEqual([5_000, 10_000]);
});

test("names of nobody have each of the numbers, and each name the same one always, with every hash", () => {
  const numbers = new Set<number>();
  for (let n = 0; n < 100; n++) {
    const of = (hash: "SHA-1" | "SHA-256") =>
      decoyKeys(SECRET, { domain: DOMAIN, local: `n${n}`, hash }, [4_096, 10_000]).iterations;
    expect(of("SHA-1")).toBe(of("SHA-256"));
    numbers.add(of("SHA-256"));
  }
  expect([...numbers].sort()).toEqual([10_000, 4_096].sort());
});
