// What a member held that is gone: taken over by one node at a time, and nothing of it that was to be removed.
import { expect, test } from "@jest/globals";
import { pino } from "pino";
import { memoryHeld } from "../../held/memory.ts";
import type { HeldKey, HeldStore } from "../../held/port.ts";
import { UNLOCK } from "../ownership/locks.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { Adoption } from "./adoption.ts";

const log = pino({ level: "silent" });

/** The commands of Redis that are used, in memory. */
function redisInMemory(): RedisConnection {
  const keys = new Map<string, string>();
  const sets = new Map<string, Set<string>>();
  const commands = {
    set: async (key: string, value: string) => {
      if (keys.has(key)) return null;
      keys.set(key, value);
      return "OK";
    },
    /** Both scripts do something to a lock of which the token is still the same. */
    eval: async (script: string, _keys: number, key: string, token: string) => {
      if (keys.get(key) !== token) return 0;
      return script === UNLOCK ? Number(keys.delete(key)) : 1;
    },
    pexpire: async () => 1,
    expire: (key: string) => keys.delete(key),
    has: (key: string) => keys.has(key),
    smembers: async (key: string) => [...(sets.get(key) ?? [])],
    sadd: async (key: string, ...members: string[]) => {
      sets.set(key, new Set([...(sets.get(key) ?? []), ...members]));
      return members.length;
    },
  };
  return commands as unknown as RedisConnection;
}

/** Held messages of "a~1", of which some wait for their removal. */
type Held = HeldStore & { unremoved: readonly HeldKey[] };

async function heldOf(member: string, count: number): Promise<{ held: Held; keys: HeldKey[] }> {
  const held = Object.assign(memoryHeld({ now: () => 1 }).store, { unremoved: [] as readonly HeldKey[] });
  const keys = Array.from({ length: count }, () => ({ member, id: held.ids.next() }));
  for (const key of keys) await held.add({ ...key, domain: "verona.test", local: "romeo", text: "<message/>", at: 1 });
  return { held, keys };
}

function adoption(redis: RedisConnection, held: Held, self: string): Adoption {
  return new Adoption(redis, { prefix: "t", self: () => self, held, hosts: new Map(), log });
}

test("what a member could not remove before it left is removed and not taken over, also where it comes later", async () => {
  const redis = redisInMemory();
  const { held, keys } = await heldOf("a~1", 3);
  held.unremoved = [keys[1]!, { member: "b~1", id: 7 }];
  await adoption(redis, held, "a~1").leave();
  held.unremoved = [];
  const other = adoption(redis, held, "c~1");
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
  const orphans = adoption(redis, held, "d~1").orphans(async (member) => member === "b~1");
  await expect(orphans).rejects.toThrow("away");
  expect(looked).toEqual(["t:unremoved:{a~1}", "t:unremoved:{c~1}"]);
});

test("no other node takes it over before all is removed that has its new way", async () => {
  const redis = redisInMemory();
  const { held, keys } = await heldOf("a~1", 1);
  held.unremoved = [keys[0]!];
  const one = adoption(redis, held, "b~1").of("a~1");
  let reads = 0;
  const { held: view } = await heldOf("a~1", 1);
  view.read = async () => {
    reads++;
    return [];
  };
  for (let turn = 0; turn < 20; turn++) expect(await adoption(redis, view, "c~1").of("a~1")).toBe(false);
  expect(reads).toBe(0);
  expect(await adoption(redis, view, "c~1").orphans(async () => false)).toBe(false);
  held.unremoved = [];
  await one;
  expect(await adoption(redis, view, "c~1").of("a~1")).toBe(true);
  expect(reads).toBe(1);
  expect(await adoption(redis, view, "c~1").orphans(async () => false)).toBe(true);
});

test("a node that had stood still does not let go of the lock that another one has by now", async () => {
  const redis = redisInMemory();
  const memory = redis as unknown as { expire(key: string): void; has(key: string): boolean };
  const { held, keys } = await heldOf("a~1", 1);
  held.unremoved = [keys[0]!];
  const one = adoption(redis, held, "b~1").of("a~1");
  await new Promise(setImmediate);
  memory.expire("t:adopting:{a~1}");
  const { held: view } = await heldOf("a~1", 1);
  view.unremoved = [keys[0]!];
  const other = adoption(redis, view, "c~1").of("a~1");
  await new Promise(setImmediate);
  held.unremoved = [];
  await one;
  expect(memory.has("t:adopting:{a~1}")).toBe(true);
  view.unremoved = [];
  await other;
  expect(memory.has("t:adopting:{a~1}")).toBe(false);
});
