// What a member held that is gone: taken over by one node at a time, and nothing of it that was to be removed.
import { beforeEach, expect, test } from "@jest/globals";
import { pino } from "pino";
import { ManualClock, turns } from "../../../test/harness/manual-clock.ts";
import { memoryHeld } from "../../held/memory.ts";
import type { HeldKey, HeldStore } from "../../held/port.ts";
import { ExclusiveUnavailable } from "../../ports/exclusive.ts";
import { Exclusion } from "../ownership/exclusion.ts";
import type { Locks } from "../ownership/locks.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { Adoption } from "./adoption.ts";

const log = pino({ level: "silent" });

/** The commands of Redis that are used, in memory. */
function redisInMemory(): RedisConnection {
  const sets = new Map<string, Set<string>>();
  const commands = {
    pexpire: async () => 1,
    smembers: async (key: string) => [...(sets.get(key) ?? [])],
    sadd: async (key: string, ...members: string[]) => {
      sets.set(key, new Set([...(sets.get(key) ?? []), ...members]));
      return members.length;
    },
  };
  return commands as unknown as RedisConnection;
}

/** Locks that nodes share, which a test may give to another one. */
function sharedLocks(): Locks & { lose(): void } {
  const holders = new Map<string, object>();
  const lock = async (key: string) => {
    if (holders.has(key)) return undefined;
    const by = {};
    holders.set(key, by);
    const holds = () => holders.get(key) === by;
    return { prolong: async () => holds(), release: () => void (holds() && holders.delete(key)) };
  };
  return { leaseMs: 5_000, take: lock, lose: () => holders.clear() };
}

/** Held messages of "a~1", of which some wait for their removal. */
type Held = HeldStore & { unremoved: readonly HeldKey[] };

async function heldOf(member: string, count: number): Promise<{ held: Held; keys: HeldKey[] }> {
  const held = Object.assign(memoryHeld({ now: () => 1 }).store, { unremoved: [] as readonly HeldKey[] });
  const keys = Array.from({ length: count }, () => ({ member, id: held.ids.next() }));
  for (const key of keys) await held.add({ ...key, domain: "verona.test", local: "romeo", text: "<message/>", at: 1 });
  return { held, keys };
}

const clock = new ManualClock(1);
let locks = sharedLocks();
/** Members of which it was told that all has its new way. */
const told = new Set<string>();
beforeEach(() => {
  told.clear();
  locks = sharedLocks();
});

/** Of a node of its own. */
function adoption(redis: RedisConnection, held: Held): Adoption {
  const exclusive = new Exclusion({ locks, clock, elapsed: clock.now });
  return new Adoption(redis, {
    prefix: "t",
    exclusive,
    held,
    hosts: new Map(),
    left: (member, accounts) => void (accounts.length === 0 && told.add(member)),
    log,
    clock,
  });
}

test("what a member could not remove before it left is removed and not taken over, also where it comes later", async () => {
  const redis = redisInMemory();
  const { held, keys } = await heldOf("a~1", 3);
  held.unremoved = [keys[1]!, { member: "b~1", id: 7 }];
  await adoption(redis, held).leave();
  held.unremoved = [];
  const other = adoption(redis, held);
  for (const text of ["<message/>", "<message>late</message>"]) {
    await held.add({ ...keys[1]!, domain: "verona.test", local: "romeo", text, at: 1 });
    await other.of("a~1");
    // Nobody serves its host here: the rest stays.
    expect((await held.read("a~1", 0, 10)).map(({ id }) => id)).toEqual([keys[0]!.id, keys[2]!.id]);
  }
});

test("a member that lives is left alone, and no failure with one keeps another waiting", async () => {
  const { held } = await heldOf("a~1", 1);
  for (const member of ["b~1", "c~1"])
    await held.add({ member, id: 1, domain: "verona.test", local: "romeo", text: "<message/>", at: 1 });
  const looked: string[] = [];
  const redis = { ...redisInMemory() } as RedisConnection;
  redis.smembers = (async (key: string) => {
    looked.push(key);
    if (key.includes("a~1")) throw new Error("away");
    return [];
  }) as unknown as RedisConnection["smembers"];
  const orphans = adoption(redis, held).orphans(async (member) => member === "b~1");
  await expect(orphans).rejects.toThrow("away");
  expect(looked).toEqual(["t:unremoved:{a~1}", "t:unremoved:{c~1}"]);
});

test("no other node takes it over before all is removed that has its new way", async () => {
  const redis = redisInMemory();
  const { held, keys } = await heldOf("a~1", 1);
  held.unremoved = [keys[0]!];
  const one = adoption(redis, held).of("a~1");
  await turns(10);
  // What comes anew need not wait for the removal.
  expect([...told]).toEqual(["a~1"]);
  let reads = 0;
  const { held: view } = await heldOf("a~1", 1);
  view.read = async () => {
    reads++;
    return [];
  };
  for (let turn = 0; turn < 20; turn++) expect(await adoption(redis, view).of("a~1")).toBe(false);
  expect(reads).toBe(0);
  expect(await adoption(redis, view).orphans(async () => false)).toBe(false);
  held.unremoved = [];
  await clock.advance(500);
  await one;
  expect(await adoption(redis, view).of("a~1")).toBe(true);
  expect(reads).toBe(1);
  expect(await adoption(redis, view).orphans(async () => false)).toBe(true);
});

test("a node that is not alone at it any more says that it is not done", async () => {
  const redis = redisInMemory();
  const { held } = await heldOf("a~1", 1);
  const read = Promise.withResolvers<void>();
  held.remove = () => read.promise;
  const one = adoption(redis, held).of("a~1");
  const failed = expect(one).rejects.toThrow(ExclusiveUnavailable);
  await turns(4);
  locks.lose();
  await clock.advance(1_100);
  await failed;
  expect(told.size).toBe(0);
  const { held: view } = await heldOf("a~1", 1);
  expect(await adoption(redis, view).of("a~1")).toBe(true);
  read.resolve();
});
