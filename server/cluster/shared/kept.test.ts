// What is kept of accounts: bounded by number and bytes, whoever is connected here stays, whoever is asked for stays longer.
import { expect, test } from "@jest/globals";
import { Kept } from "./kept.ts";

const none = () => false;

test("of accounts that nobody is connected to no more are kept than may be, the unused go first", () => {
  const kept = new Kept<number>(none, { accounts: 8, bytes: 1e9 });
  for (let i = 0; i < 8; i++) kept.set(`a${i}`, i, 10);
  expect(kept.get("a0")).toBe(0);
  kept.set("a8", 8, 10);
  expect(kept.size).toBe(6);
  expect([kept.get("a0"), kept.get("a1"), kept.get("a8")]).toEqual([0, undefined, 8]);
  for (let i = 0; i < 1_000; i++) kept.set(`b${i}`, i, 10);
  expect(kept.size).toBeLessThanOrEqual(8);
  // What is not asked for again is not kept for ever because it once was.
  expect(kept.get("a0")).toBeUndefined();
});

test("what values cost is bounded too, however few they are", () => {
  const kept = new Kept<number>(none, { accounts: 1_000, bytes: 10_000 });
  for (let i = 0; i < 200; i++) {
    kept.set(`a${i}`, i, 3_000);
    expect(kept.bytes).toBeLessThanOrEqual(10_000);
  }
  expect(kept.get("a199")).toBe(199);
  kept.set("large", 1, 20_000);
  expect(kept.get("large")).toBeUndefined();
  expect(kept.bytes).toBeLessThanOrEqual(10_000);
});

test("accounts that are connected here stay, and take nothing from the others", () => {
  const kept = new Kept<number>((local) => local.startsWith("here"), { accounts: 4, bytes: 5_000 });
  for (let i = 0; i < 100; i++) kept.set(`here${i}`, i, 1_000);
  for (let i = 0; i < 100; i++) kept.set(`away${i}`, i, 1_000);
  for (let i = 0; i < 100; i++) expect(kept.get(`here${i}`)).toBe(i);
  expect(kept.get("away99")).toBe(99);
  expect(kept.size).toBeLessThanOrEqual(104);
});

test("with as many idle ones as may be, accounts that connect are not each counted with all the others", () => {
  let looks = 0;
  const isHere = (local: string) => {
    looks++;
    return local.startsWith("here");
  };
  for (const bounds of [
    { accounts: 400, bytes: 1e9 },
    { accounts: 1e9, bytes: 400 * 200 },
  ])
    for (const idle of [300, 390, 400]) {
      const kept = new Kept<number>(isHere, bounds);
      for (let i = 0; i < idle; i++) kept.set(`away${1_000 + i}`, i, 200 - 160 - 16);
      looks = 0;
      for (let i = 0; i < 400; i++) kept.set(`here${1_000 + i}`, i, 200 - 160 - 16);
      // Room is made once for a quarter of the bound, and looks at no more than is kept.
      expect(looks).toBeLessThanOrEqual(4 * 800);
    }
});

test("a value in place of another, one that is forgotten and all of them leave no bytes behind", () => {
  const kept = new Kept<number>(none);
  kept.set("a", 1, 100);
  const { bytes } = kept;
  kept.set("a", 2, 100);
  expect([kept.size, kept.bytes]).toEqual([1, bytes]);
  kept.delete("a");
  kept.delete("a");
  expect([kept.size, kept.bytes]).toEqual([0, 0]);
  kept.set("b", 1, 100);
  kept.clear();
  expect([kept.size, kept.bytes]).toEqual([0, 0]);
});
