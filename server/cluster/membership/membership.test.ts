// Who is taken for dead, and who is not: leases under a Redis that hangs, refuses or forgets.
import { beforeEach, expect, test } from "@jest/globals";
import { pino } from "pino";
import { ManualClock } from "../../../test/harness/manual-clock.ts";
import { pause } from "../../../xmpp/clock.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { Membership } from "./membership.ts";

const TIMES = { heartbeat: 1_500, lease: 6_000 };
const log = pino({ level: "silent" });

let clock: ManualClock;

beforeEach(() => {
  clock = new ManualClock(1);
});

const QUESTIONS: ReadonlySet<string> = new Set(["get", "exists", "smembers"]);

interface Value {
  readonly value: string;
  readonly until: number;
}

/**
 * A Redis in memory whose keys may hang, as with a master of Redis Cluster. What hung is done afterwards in the worst
 * order that several connections allow: questions before answers.
 */
class StoppedRedis {
  hangs: (key: string) => boolean = () => false;
  /** It takes no writes, as without memory or as a replica. */
  refuses = false;
  /** Commands that fail once, by name and key. */
  readonly failing = new Set<string>();
  private readonly values = new Map<string, Value>();
  private readonly sets = new Map<string, Set<string>>();
  private readonly questions: (() => void)[] = [];
  private readonly changes: (() => void)[] = [];

  /** It comes back empty. */
  empty(): void {
    this.values.clear();
    this.sets.clear();
  }

  goOn(): void {
    this.hangs = () => false;
    for (const command of [...this.questions.splice(0), ...this.changes.splice(0)]) command();
  }

  /** ms that each command takes which is asked for now. */
  takes = 0;

  private async ask<T>(name: string, key: string, work: () => T): Promise<T> {
    if (this.takes > 0) await pause(clock, this.takes);
    if (this.failing.delete(`${name} ${key}`)) return Promise.reject(new Error("no"));
    if (this.refuses && !QUESTIONS.has(name)) return Promise.reject(new Error("OOM"));
    if (!this.hangs(key)) return Promise.resolve(work());
    const waiting = QUESTIONS.has(name) ? this.questions : this.changes;
    return new Promise((resolve) => waiting.push(() => resolve(work())));
  }

  private live(key: string): string | null {
    const found = this.values.get(key);
    return found !== undefined && found.until > clock.now() ? found.value : null;
  }

  set(key: string, value: string, _px: string, ms: number, option?: string) {
    return this.ask("set", key, () => {
      const was = this.live(key);
      if ((option === "NX" && was !== null) || (option === "XX" && was === null)) return null;
      this.values.set(key, { value, until: clock.now() + ms });
      return option === "GET" ? was : "OK";
    });
  }

  get(key: string) {
    return this.ask("get", key, () => this.live(key));
  }

  exists(key: string) {
    return this.ask("exists", key, () => (this.live(key) === null ? 0 : 1));
  }

  del(key: string) {
    return this.ask("del", key, () => Number(this.values.delete(key)));
  }

  sadd(key: string, member: string) {
    return this.ask("sadd", key, () => {
      this.sets.set(key, (this.sets.get(key) ?? new Set()).add(member));
    });
  }

  srem(key: string, member: string) {
    return this.ask("srem", key, () => Number(this.sets.get(key)?.delete(member)));
  }

  smembers(key: string) {
    return this.ask("smembers", key, () => [...(this.sets.get(key) ?? [])]);
  }
}

function setUp() {
  const redis = new StoppedRedis();
  const said: string[] = [];
  const join = async (member: string) => {
    const membership = new Membership(
      redis as unknown as RedisConnection,
      { prefix: "t", member, times: TIMES, clock, elapsed: clock.now, log },
      {
        version: 1,
        joined() {},
        died: (other, ours) => void said.push(`${member}: ${other} died${ours ? ", ours" : ""}`),
        emptied: async () => {},
        buried: async () => void said.push(`${member} was buried`),
        beaten: async () => {},
      },
    );
    await membership.join();
    return membership;
  };
  return { redis, said, join };
}

const pass = (ms: number) => clock.advance(ms);

test("a node that is silent for its lease is buried, by one", async () => {
  const { said, join } = setUp();
  const a = await join("a");
  const others = [await join("b"), await join("c")];
  await pass(5_000);
  a.stop();
  await pass(5_000);
  expect(said).toEqual([]);
  await pass(3_000);
  expect(said.sort()).toEqual(["b: a died, ours", "c: a died"]);
  await pass(60_000);
  expect(said).toHaveLength(2);
  for (const other of others) other.stop();
});

test.each([
  ["the master that has its lease", (key: string) => key === "t:lease:{a}"],
  ["all that has to do with it", (key: string) => key.includes("{a}")],
  ["all of Redis", () => true],
])("a living node is not buried while %s hangs, however long", async (_what, hangs) => {
  for (const ms of [4_000, 5_000, 6_500, 12_000, 60_000]) {
    const { redis, said, join } = setUp();
    const members = [await join("a"), await join("b"), await join("c")];
    await pass(2_000);
    redis.hangs = hangs;
    await pass(ms);
    redis.goOn();
    await pass(20_000);
    expect([ms, said]).toEqual([ms, []]);
    // It is again what it was: who falls silent now is buried.
    members[0]?.stop();
    await pass(20_000);
    expect(said.sort()).toEqual(["b: a died, ours", "c: a died"]);
    for (const member of members) member.stop();
  }
});

test("a node knows that it may be taken for dead while its own lease hangs, and nobody else does", async () => {
  const { redis, join } = setUp();
  const [a, b] = [await join("a"), await join("b")];
  redis.hangs = (key) => key === "t:lease:{a}";
  await pass(7_000);
  expect([a.overdue, b.overdue]).toEqual([true, false]);
  redis.goOn();
  await pass(2_000);
  expect([a.overdue, b.overdue]).toEqual([false, false]);
  a.stop();
  b.stop();
});

test("a node whose Redis is slow is not taken for dead over what it does about another's death", async () => {
  const { redis, said, join } = setUp();
  const [a, b, c] = [await join("a"), await join("b"), await join("c")];
  await pass(5_000);
  a.stop();
  // Within the time that one question may take: a look asks several, one after the other.
  redis.takes = 2_000;
  await pass(60_000);
  expect(said.sort()).toEqual(["b: a died, ours", "c: a died"]);
  for (const one of [b, c]) one.stop();
});

test("a death that another node tells is one, also where this node would take nobody for dead itself yet", async () => {
  const { said, join } = setUp();
  const [a, b] = [await join("a"), await join("b")];
  await pass(1_000);
  a.stop();
  await b.vanished("a");
  const c = await join("c");
  await c.buriedElsewhere("a");
  expect(said).toEqual(["b: a died, ours", "c: a died"]);
  await pass(20_000);
  expect(said).toHaveLength(2);
  for (const one of [b, c]) one.stop();
});

test("who finds a member dead that is being buried goes on once it is", async () => {
  const { redis, said, join } = setUp();
  const [a, b] = [await join("a"), await join("b")];
  a.stop();
  redis.takes = 500;
  const told = b.buriedElsewhere("a");
  const vanished = b.vanished("a").then(() => said.push("and goes on"));
  await pass(400);
  expect(said).toEqual([]);
  await pass(10_000);
  await Promise.all([told, vanished]);
  expect(said).toEqual(["b: a died, ours", "and goes on"]);
  b.stop();
});

test("a node that said farewell is not buried; one that says it and stays listed is, once its lease is over", async () => {
  const { redis, said, join } = setUp();
  const [a, b, c] = [await join("a"), await join("b"), await join("c")];
  await pass(15_000);
  await a.leave();
  for (const one of [b, c]) one.farewell("a");
  await pass(20_000);
  expect(said).toEqual([]);
  // Redis went away before it could be crossed off.
  redis.failing.add("srem t:members");
  await expect(c.leave()).rejects.toThrow("no");
  b.farewell("c");
  await pass(20_000);
  expect(said).toEqual(["b: c died, ours"]);
  b.stop();
});

test.each(["set t:burial:{a}", "srem t:members", "get t:lease:{a}"])(
  "a burial of which %s fails is made good at a later beat",
  async (command) => {
    const { redis, said, join } = setUp();
    const [a, b] = [await join("a"), await join("b")];
    a.stop();
    await pass(5_000);
    redis.failing.add(command);
    await pass(20_000);
    expect(said).toContain("b: a died, ours");
    expect(await redis.smembers("t:members")).toEqual(["b"]);
    b.stop();
  },
);

test("whoever claimed a burial and died over it is followed by another", async () => {
  const { redis, said, join } = setUp();
  const [a, b, c] = [await join("a"), await join("b"), await join("c")];
  // b has said that the burial is its own, and no more.
  await redis.set("t:burial:{a}", "b", "PX", 3_600_000, "NX");
  a.stop();
  b.stop();
  await pass(30_000);
  expect(said).toContain("c: a died, ours");
  expect(said).toContain("c: b died, ours");
  expect(await redis.smembers("t:members")).toEqual(["c"]);
  c.stop();
});

test("a node that comes just after Redis took no leases for a while buries nobody who lives", async () => {
  const { redis, said, join } = setUp();
  const a = await join("a");
  const silent = await join("silent");
  await pass(5_000);
  silent.stop();
  redis.refuses = true;
  await pass(20_000);
  redis.refuses = false;
  const b = await join("b");
  expect(await b.isGone("a")).toBe(false);
  await pass(10_000);
  expect(said).toEqual([]);
  expect(await b.isGone("silent")).toBe(false);
  await pass(10_000);
  expect(said.filter((text) => text.endsWith("ours"))).toEqual([expect.stringMatching(/silent died/)]);
  expect(await b.isGone("silent")).toBe(true);
  for (const one of [a, b]) one.stop();
});

test("a node that comes to a Redis which came back empty takes nobody for gone before all have had time to be heard", async () => {
  const { redis, said, join } = setUp();
  const a = await join("a");
  redis.empty();
  const b = await join("b");
  expect([await b.isGone("a"), await b.isGone("long gone")]).toEqual([false, false]);
  await pass(2 * TIMES.lease);
  expect(b.graceLeft).toBe(0);
  expect([await b.isGone("a"), await b.isGone("long gone")]).toEqual([false, true]);
  expect(said).toEqual([]);
  for (const one of [a, b]) one.stop();
});
