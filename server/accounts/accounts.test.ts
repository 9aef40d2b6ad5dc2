// Accounts: made, changed, removed, and asked for passwords.
import { beforeEach, describe, expect, test } from "@jest/globals";
import { ManualClock } from "../../test/harness/manual-clock.ts";
import type { AccountStore } from "../ports/store.ts";
import { memoryStores } from "../storage/memory/stores.ts";
import { Accounts } from "./accounts.ts";
import { ACCOUNTS } from "./store.ts";

const DOMAIN = "example.org";
let store: AccountStore;
let accounts: Accounts;

beforeEach(async () => {
  store = memoryStores([ACCOUNTS]).of(ACCOUNTS);
  accounts = new Accounts(store, { iterations: 4096, clock: new ManualClock(1000) });
  await accounts.create(DOMAIN, "Romeo", "orchard");
});

describe("an account", () => {
  test("is made once, with a prepared name, keys for every hash and the clock's time", async () => {
    expect(await accounts.create(DOMAIN, "romeo", "other")).toBe(false);
    const record = await store.get(DOMAIN, "romeo");
    expect(record?.createdAt).toBe(1000);
    expect(Object.keys(record?.credentials ?? {}).sort()).toEqual(["SHA-1", "SHA-256", "SHA-512"]);
    expect(await accounts.scramKeys(DOMAIN, "romeo", "SHA-1")).toMatchObject({ iterations: 4096 });
    expect(await accounts.exists(DOMAIN, "romeo")).toBe(true);
    expect(await accounts.list(DOMAIN)).toEqual(["romeo"]);
  });

  test("cannot have a name that is no localpart, nor a password that is none", async () => {
    await expect(accounts.create(DOMAIN, "ro meo", "orchard")).rejects.toThrow(/localpart/);
    await expect(accounts.create(DOMAIN, "juliet", "")).rejects.toThrow(/empty/);
    await expect(accounts.create(DOMAIN, "juliet", "a\u0007b")).rejects.toThrow(/control/);
    await expect(accounts.create(DOMAIN, "juliet", "x".repeat(1025))).rejects.toThrow(/1024/);
  });

  test("that another provider vouches for has no keys, and no password fits it", async () => {
    await accounts.ensure(DOMAIN, "mercutio");
    await accounts.ensure(DOMAIN, "romeo");
    expect(await accounts.exists(DOMAIN, "mercutio")).toBe(true);
    expect(await accounts.checkPassword(DOMAIN, "mercutio", "orchard")).toBe(false);
    expect(await accounts.scramKeys(DOMAIN, "mercutio", "SHA-256")).toBeUndefined();
    expect(await accounts.checkPassword(DOMAIN, "romeo", "orchard")).toBe(true);
  });
});

describe("a password", () => {
  test("fits its own account alone, at first and again", async () => {
    for (let i = 0; i < 2; i += 1) {
      expect(await accounts.checkPassword(DOMAIN, "romeo", "orchard")).toBe(true);
      expect(await accounts.checkPassword(DOMAIN, "romeo", "Orchard")).toBe(false);
      expect(await accounts.checkPassword(DOMAIN, "romeo", "")).toBe(false);
      expect(await accounts.checkPassword(DOMAIN, "romeo", "x".repeat(5000))).toBe(false);
      expect(await accounts.checkPassword(DOMAIN, "nobody", "orchard")).toBe(false);
      expect(await accounts.checkPassword("example.com", "romeo", "orchard")).toBe(false);
      expect(await accounts.checkPassword(DOMAIN, "__proto__", "orchard")).toBe(false);
    }
  });

  test("is prepared by SASLprep: composed and decomposed letters, and spaces, are the same", async () => {
    await accounts.setPassword(DOMAIN, "romeo", "e\u0301te\u0301\u00a0\u{1f339}");
    expect(await accounts.checkPassword(DOMAIN, "romeo", "été \u{1f339}")).toBe(true);
  });

  test("that was changed is out at once, though the old one was remembered", async () => {
    await accounts.checkPassword(DOMAIN, "romeo", "orchard");
    expect(await accounts.setPassword(DOMAIN, "Romeo", "balcony")).toBe(true);
    expect(await accounts.checkPassword(DOMAIN, "romeo", "orchard")).toBe(false);
    expect(await accounts.checkPassword(DOMAIN, "romeo", "balcony")).toBe(true);
    expect(await accounts.setPassword(DOMAIN, "nobody", "balcony")).toBe(false);
  });

  test("that another node changed, or an account that it removed, is out at once", async () => {
    const elsewhere = new Accounts(store, { iterations: 4096 });
    await accounts.checkPassword(DOMAIN, "romeo", "orchard");
    await elsewhere.setPassword(DOMAIN, "romeo", "balcony");
    expect(await accounts.checkPassword(DOMAIN, "romeo", "orchard")).toBe(false);
    expect(await accounts.checkPassword(DOMAIN, "romeo", "balcony")).toBe(true);
    await elsewhere.delete(DOMAIN, "romeo");
    expect(await accounts.checkPassword(DOMAIN, "romeo", "balcony")).toBe(false);
    await elsewhere.create(DOMAIN, "romeo", "orchard");
    expect(await accounts.checkPassword(DOMAIN, "romeo", "balcony")).toBe(false);
  });

  test("that is right is told with the key that it fits, whether or not it was remembered", async () => {
    const told: (Buffer | undefined)[] = [];
    const check = (password: string) => accounts.checkPassword(DOMAIN, "romeo", password, (key) => told.push(key));
    for (const password of ["orchard", "wrong", "orchard"]) await check(password);
    const key = (await accounts.scramKeys(DOMAIN, "romeo", "SHA-256"))?.storedKey;
    expect(told).toEqual([key, key]);
  });

  test("of a removed account is nobody's", async () => {
    await accounts.checkPassword(DOMAIN, "romeo", "orchard");
    expect(await accounts.delete(DOMAIN, "Romeo")).toBe(true);
    expect(await accounts.delete(DOMAIN, "romeo")).toBe(false);
    expect(await accounts.checkPassword(DOMAIN, "romeo", "orchard")).toBe(false);
  });
});

/**
 * The least CPU time that checks take, in µs with every thread's, each kind measured in turn: work is the same however
 * busy the machine is, the time it takes is not.
 */
async function leastWork(checks: readonly (() => Promise<unknown>)[], rounds: number): Promise<number[]> {
  const times = checks.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1)
    for (const [i, check] of checks.entries()) {
      const before = process.cpuUsage();
      await check();
      const { user, system } = process.cpuUsage(before);
      times[i]!.push(user + system);
    }
  return times.map((all) => Math.min(...all));
}

describe("time", () => {
  test("does not tell an unknown account from a wrong password, remembered account or not", async () => {
    await accounts.create(DOMAIN, "juliet", "balcony");
    await accounts.checkPassword(DOMAIN, "romeo", "orchard");
    const [unknown, wrong, wrongRemembered] = (await leastWork(
      [
        () => accounts.checkPassword(DOMAIN, "nobody", "guess"),
        () => accounts.checkPassword(DOMAIN, "juliet", "guess"),
        () => accounts.checkPassword(DOMAIN, "romeo", "guess"),
      ],
      31,
    )) as [number, number, number];
    // A short cut for any of them would make it twenty times as fast.
    for (const time of [unknown, wrong, wrongRemembered]) {
      expect(time / wrong).toBeGreaterThan(1 / 3);
      expect(time / wrong).toBeLessThan(3);
    }
  });

  test("of a repeated log-in is a small part of the first one's", async () => {
    const fresh = new Accounts(store, { iterations: 4096, cacheSize: 0 });
    await accounts.checkPassword(DOMAIN, "romeo", "orchard");
    const [first, again] = (await leastWork(
      [() => fresh.checkPassword(DOMAIN, "romeo", "orchard"), () => accounts.checkPassword(DOMAIN, "romeo", "orchard")],
      31,
    )) as [number, number];
    expect(again * 4).toBeLessThan(first);
  });
});

test("the memory of passwords is bounded", async () => {
  const { PasswordCache } = await import("./password-cache.ts");
  const cache = new PasswordCache(2);
  const key = Buffer.alloc(32, 1);
  for (const name of ["a", "b", "c"]) cache.remember(DOMAIN, name, "x", key);
  expect(["a", "b", "c"].map((name) => cache.knows(DOMAIN, name, "x", key))).toEqual([false, true, true]);
  expect(cache.knows(DOMAIN, "b", "y", key)).toBe(false);
  expect(cache.knows(DOMAIN, "b", "x", Buffer.alloc(32, 2))).toBe(false);
  expect(cache.knows(DOMAIN, "b", "x", key)).toBe(false); // forgotten with its key
});
