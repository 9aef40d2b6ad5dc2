// Failures counted by several nodes together, and by each alone while nobody answers.
import { beforeEach, describe, expect, test } from "@jest/globals";
import { ManualClock } from "../../test/harness/manual-clock.ts";
import { type CountKind, loneCounts, type SharedCounts } from "../cluster/shared/limits.ts";
import { Throttle } from "./throttle.ts";
import { loginThrottle, SharedThrottle } from "./throttle-shared.ts";

const ROMEO = "romeo@example.org";

/** Counts in memory, as Redis would keep them; `away` answers nothing. */
class MemoryCounts implements SharedCounts {
  readonly shared = true;
  readonly kept = new Map<string, number>();
  away = false;

  async add(kind: CountKind, key: string): Promise<number | undefined> {
    if (this.away) return undefined;
    const count = (this.kept.get(`${kind} ${key}`) ?? 0) + 1;
    this.kept.set(`${kind} ${key}`, count);
    return count;
  }

  async look(kind: CountKind, key: string): Promise<number | undefined> {
    return this.away ? undefined : (this.kept.get(`${kind} ${key}`) ?? 0);
  }

  mark(kind: CountKind, key: string): void {
    if (!this.away) this.kept.set(`${kind} ${key}`, 1);
  }

  forget(kind: CountKind, key: string): void {
    if (!this.away) this.kept.delete(`${kind} ${key}`);
  }

  async usage(): Promise<undefined> {}
}

let counts: MemoryCounts;
let nodes: SharedThrottle[];
let clock: ManualClock;

beforeEach(() => {
  clock = new ManualClock(1_000_000);
  counts = new MemoryCounts();
  nodes = [0, 1, 2].map(() => new SharedThrottle(new Throttle({ clock }), counts));
});

/** Fails once at each node in turn. */
async function failures(count: number, account: (i: number) => string, address: (i: number) => string) {
  const waits: number[] = [];
  for (let i = 0; i < count; i++) waits.push((await nodes[i % nodes.length]?.failed(account(i), address(i))) ?? 0);
  return waits;
}

test("failures at any node slow down the next one at another", async () => {
  const waits = await failures(
    8,
    () => ROMEO,
    () => "192.0.2.1",
  );
  expect(waits).toEqual([0, 0, 500, 1000, 2000, 4000, 5000, 5000]);
});

describe("twenty failures at three nodes", () => {
  test("ban their address at each, for whoever has the right password", async () => {
    await failures(
      20,
      (i) => `user${i}@example.org`,
      () => "192.0.2.1",
    );
    for (const node of nodes) {
      expect(await node.banned("juliet@example.org", "192.0.2.1")).toBe(true);
      // Known here from now on, before any password is looked at.
      expect(await node.banned(undefined, "192.0.2.1")).toBe(true);
      expect(await node.banned("juliet@example.org", "192.0.2.2")).toBe(false);
    }
  });

  test("ban their account at each, but not for an address that its owner used at any", async () => {
    nodes[0]?.succeeded(ROMEO, "198.51.100.7");
    await failures(
      20,
      () => ROMEO,
      (i) => `10.0.0.${i}`,
    );
    for (const node of nodes) {
      expect(await node.banned(ROMEO, "192.0.2.9")).toBe(true);
      expect(await node.banned(ROMEO, "198.51.100.7")).toBe(false);
    }
  });
});

test("a success at one node forgets the account's failures at all", async () => {
  await failures(
    18,
    () => ROMEO,
    (i) => `10.0.0.${i}`,
  );
  nodes[0]?.succeeded(ROMEO, "10.0.1.1");
  expect(await nodes[1]?.failed(ROMEO, "10.0.1.2")).not.toBe(0);
  expect(await nodes[1]?.banned(ROMEO, "10.0.1.2")).toBe(false);
  expect(counts.kept.get(`login-account ${ROMEO}`)).toBe(1);
});

test("a log-in like the last one tells nothing; one after failures does", async () => {
  const node = nodes[0] as SharedThrottle;
  node.succeeded(ROMEO, "192.0.2.1");
  const told: string[] = [];
  counts.mark = (kind) => void told.push(`mark ${kind}`);
  const { forget } = counts;
  counts.forget = (kind, key) => {
    told.push(`forget ${kind}`);
    forget.call(counts, kind, key);
  };
  expect(await node.banned(ROMEO, "192.0.2.1")).toBe(false);
  node.succeeded(ROMEO, "192.0.2.1");
  expect(told).toEqual([]);
  await nodes[1]?.failed(ROMEO, "192.0.2.9");
  expect(await node.banned(ROMEO, "192.0.2.1")).toBe(false);
  node.succeeded(ROMEO, "192.0.2.1");
  expect(told).toEqual(["forget login-account", "mark login-trust"]);
});

test("while nobody answers each node counts alone, and what it knew stays", async () => {
  await failures(
    20,
    (i) => `user${i}@example.org`,
    () => "192.0.2.1",
  );
  expect(await nodes[0]?.banned("juliet@example.org", "192.0.2.1")).toBe(true);
  counts.away = true;
  expect(await nodes[0]?.banned("juliet@example.org", "192.0.2.1")).toBe(true);
  for (let i = 0; i < 20; i++) await nodes[1]?.failed(`user${i}@example.org`, "192.0.2.5");
  expect(await nodes[1]?.banned("juliet@example.org", "192.0.2.5")).toBe(true);
  expect(await nodes[2]?.banned("juliet@example.org", "192.0.2.5")).toBe(false);
});

test("what came back empty opens no door at a node that knew", async () => {
  await failures(
    60,
    (i) => `user${i}@example.org`,
    () => "192.0.2.1",
  );
  counts.kept.clear();
  for (const node of nodes) expect(await node.banned("juliet@example.org", "192.0.2.1")).toBe(true);
});

test("a ban ends", async () => {
  await failures(
    20,
    (i) => `user${i}@example.org`,
    () => "192.0.2.1",
  );
  expect(await nodes[1]?.banned(ROMEO, "192.0.2.1")).toBe(true);
  counts.kept.clear();
  await clock.advance(3_600_000);
  expect(await nodes[1]?.banned(ROMEO, "192.0.2.1")).toBe(false);
});

test("a node alone asks nobody", () => {
  const own = new Throttle({ clock });
  expect(loginThrottle(own, loneCounts)).toBe(own);
});
