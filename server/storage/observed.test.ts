import { expect, test } from "@jest/globals";
import { ACCOUNTS } from "../accounts/store.ts";
import { OFFLINE } from "../modules/offline/store.ts";
import { openStorage } from "../stores.ts";

test("every operation is told by name with its time and whether it failed", async () => {
  const told: [string, boolean][] = [];
  const observe = (operation: string, ms: number, failed: boolean) => {
    expect(ms).toBeGreaterThanOrEqual(0);
    told.push([operation, failed]);
  };
  const storage = await openStorage({ kind: "memory" }, { observe });
  expect(await storage.of(ACCOUNTS).create("verona.test", "romeo", {}, 1)).toBe(true);
  expect(await storage.of(ACCOUNTS).exists("verona.test", "romeo")).toBe(true);
  await expect(
    storage.of(OFFLINE).add({ domain: "verona.test", local: "\0", text: "<m/>", at: 1, limit: 10 }),
  ).rejects.toThrow("NUL");
  expect(told).toEqual([
    ["accounts.create", false],
    ["accounts.exists", false],
    ["offline.add", true],
  ]);
});
